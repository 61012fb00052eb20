"""The components of the macro file that pages of lists and rights are made of."""

from flask import Flask, render_template_string
from flask_babel import Babel
from jinja2 import StrictUndefined

from tests.web.test_templates import IDP, PAGES, Reading

HEAD = '{% import "macros.html" as ui with context %}'


def show(markup: str, **context: object) -> Reading:
    app = Flask(__name__, template_folder=str(PAGES))
    app.config.update(BABEL_DEFAULT_LOCALE="en")
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.globals["csrf_token"] = lambda: "token"
    Babel(app)
    with app.test_request_context("/"):
        everywhere = {"problems": {}, "form": {}, "locale": "en", "locales": [], "product": None, "journey": None}
        return Reading(render_template_string(HEAD + markup, **(everywhere | context)))


def test_a_form_carries_its_csrf_token_and_leaves_checking_to_the_server() -> None:
    page = show('{% call ui.main_form(action="/there") %}{{ ui.button("Delete", kind="danger") }}{% endcall %}')
    form = page.all("form")[0]
    assert (form["method"], form["action"], form["id"]) == ("post", "/there", "main-form")
    assert "novalidate" in form
    token = page.all("input")[0]
    assert token["name"] == "csrf_token"
    assert token["value"]
    assert page.all("button")[0]["class"] == "button danger"


def test_a_code_is_one_numeric_field_that_a_phone_can_fill() -> None:
    code = show('{{ ui.code("code", "Code", hint="Six digits", autofocus=true) }}').all("input")[0]
    assert code["inputmode"] == "numeric"
    assert code["autocomplete"] == "one-time-code"
    assert int(code["maxlength"] or 0) > len("1 2 3 4 5 6")
    assert code["aria-describedby"] == "code-hint"
    assert "autofocus" in code

    wrong = show('{{ ui.code("code", "Code", autofocus=true) }}', problems={"code": "Wrong."}).all("input")[0]
    assert "autofocus" not in wrong  # the summary has it
    assert wrong["aria-describedby"] == "code-problem"


def test_a_password_field_never_holds_a_value_and_hides_what_needs_javascript() -> None:
    page = show('{{ ui.password("secret", "Password", least=12) }}', form={"secret": "hunter2"})
    assert "value" not in page.all("input")[0]
    assert "hidden" in page.all("button")[0]
    assert page.all("button")[0]["type"] == "button"  # Enter in the field must not press it
    assert [span["data-least"] for span in page.all("span") if "data-least" in span] == ["12"]


def test_a_table_names_its_rows_and_labels_each_cell_for_a_phone() -> None:
    page = show(
        '{{ ui.table("Users", [{"label": "Name"}, {"label": "Role"}, {"label": "Seats", "end": true}],'
        ' [["Inès <b>", "Reader", 2], ["Luc", "Owner", 1]]) }}'
    )
    assert [cell["scope"] for cell in page.all("th")] == ["col", "col", "col", "row", "row"]
    assert [cell["data-label"] for cell in page.all("td")] == ["Role", "Seats", "Role", "Seats"]
    assert [cell.get("class") for cell in page.all("td")] == [None, "end", None, "end"]
    assert page.all("b") == []


def test_choices_show_what_is_chosen() -> None:
    levels = show(
        '{{ ui.level_picker("bank", "Bank", [{"value": "none", "label": "None"}, {"value": "view", "label": "View"}],'
        ' chosen="view") }}'
    ).all("input")
    assert [(level["type"], level["value"], "checked" in level) for level in levels] == [
        ("radio", "none", False), ("radio", "view", True),
    ]  # fmt: skip

    page = show(
        '{{ ui.ticks("areas", "Areas", [{"value": "a", "label": "A"}, {"value": "b", "label": "B", "hint": "both"}],'
        ' chosen=["b"]) }}',
        problems={"areas": "Choose one."},
    )
    assert [(tick["value"], "checked" in tick) for tick in page.all("input")] == [("a", False), ("b", True)]
    assert page.all("fieldset")[0]["aria-describedby"] == "areas-problem"


def test_a_list_to_pick_from_shows_what_was_posted_before_what_is_kept() -> None:
    source = (
        '{{ ui.pick_list("tag", "Language", [{"value": "fr", "label": "français", "lang": "fr"},'
        ' {"value": "en", "label": "English"}], chosen="fr", hint="Of mails.") }}'
    )
    kept = show(source)
    assert [(option["value"], "selected" in option) for option in kept.all("option")] == [("fr", True), ("en", False)]
    assert kept.all("option")[0]["lang"] == "fr"
    posted = show(source, form={"tag": "en"}, problems={"tag": "Choose one."})
    assert [option["value"] for option in posted.all("option") if "selected" in option] == ["en"]
    grouped = show(
        '{{ ui.pick_list("what", "What", [{"value": "", "label": "All"}, {"value": "a", "label": "A", "group": "One"},'
        ' {"value": "b", "label": "B", "group": "One"}, {"value": "c", "label": "C", "group": "Two"}]) }}'
    )
    assert [each["label"] for each in grouped.all("optgroup")] == ["One", "Two"]
    assert [option["value"] for option in grouped.all("option")] == ["", "a", "b", "c"]
    assert posted.all("select")[0]["aria-describedby"] == "tag-hint tag-problem"


def test_an_address_keeps_its_host_whole_where_that_fits_and_is_never_markup() -> None:
    host = [{"class": "whole"}]
    assert show('{{ ui.address("ines@atelier.example") }}').all("span") == host
    assert show(f'{{{{ ui.address("ines@{"x" * 40}.example") }}}}').all("span") == []
    assert show('{{ ui.address("<i>@<b>.example") }}').all("span", "i", "b") == host
    assert show('{{ ui.address("+33 ••• 11") }}').tags == []


def test_a_moment_is_short_to_see_and_whole_to_hear() -> None:
    instant = '{"iso": "2026-03-02T08:30:00+00:00", "short": "today", "full": "2 March 2026, 09:30"}'
    page = show("{{ ui.moment(" + instant + ") }}")
    assert page.all("time")[0] == {"datetime": "2026-03-02T08:30:00+00:00", "title": "2 March 2026, 09:30"}
    assert [span.get("aria-hidden", span.get("class")) for span in page.all("span")] == ["true", "visually-hidden"]


def test_a_pager_leads_only_where_there_is_a_page() -> None:
    middle = show('{{ ui.pager(21, 40, 41, "?page=1", "?page=3") }}')
    assert [(link["rel"], link["href"]) for link in middle.all("a")] == [("prev", "?page=1"), ("next", "?page=3")]
    assert show("{{ ui.pager(1, 3, 3) }}").all("a") == []


def test_the_wizard_says_which_step_this_is() -> None:
    steps = show('{{ ui.steps(["One", "Two", "Three"], 2) }}').all("li")
    assert [step.get("class", step.get("aria-current")) for step in steps] == ["done", "step", None]


def test_the_script_and_the_style_sheet_need_nothing_from_elsewhere() -> None:
    for name in ("style.css", "enhance.js", "logo.svg"):
        text = (IDP / "web" / "static" / name).read_text().replace("http://www.w3.org/2000/svg", "")
        assert "http" not in text
        assert "@import" not in text
        assert "url(" not in text
        assert "eval(" not in text
