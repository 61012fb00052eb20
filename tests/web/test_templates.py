"""Every page and mail template, rendered in both languages."""

import re
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask, render_template
from flask_babel import Babel, force_locale
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from tests.web.mail_samples import LINK

IDP = Path(__file__).parents[2] / "idp"
PAGES = IDP / "web" / "templates"
MAILS = IDP / "outbox" / "templates"
LOCALES = ["fr", "en"]

ROOMS = [import_module(f"tests.web.{path.stem}") for path in sorted(Path(__file__).parent.glob("*_samples.py"))]
SAMPLES: dict[str, list[dict[str, Any]]] = {name: each for room in ROOMS for name, each in room.PAGES.items()}
MAIL_SAMPLES: dict[str, list[dict[str, Any]]] = {name: each for room in ROOMS for name, each in room.MAILS.items()}

FRAMES = {"base.html", "macros.html"}
VOID = {"meta", "link", "input", "br", "wbr", "path", "rect"}


class Reading(HTMLParser):
    """What a browser would find in a page: tags with their attributes, text, and whether tags are well nested."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.title = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"attribute twice in <{tag}>"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "title":
            self.title += data

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]


@pytest.fixture(scope="module")
def catalogues(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogues, compiled as an installation would."""
    root = tmp_path_factory.mktemp("translations")
    for locale in LOCALES:
        target = root / locale / "LC_MESSAGES"
        target.mkdir(parents=True)
        with (target / "messages.mo").open("wb") as file:
            write_mo(file, catalogue(locale))
    return root


def catalogue(locale: str) -> Any:
    with (IDP / "translations" / locale / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=locale)


@pytest.fixture(scope="module")
def site(catalogues: Path) -> Flask:
    app = Flask(__name__, template_folder=str(PAGES))
    app.config.update(BABEL_TRANSLATION_DIRECTORIES=str(catalogues))
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.globals["csrf_token"] = lambda: "token"
    Babel(app)
    return app


def render(site: Flask, name: str, locale: str, context: dict[str, Any]) -> str:
    everywhere = {
        "locale": locale, "locales": [{"code": "fr", "name": "Français"}, {"code": "en", "name": "English"}],
        "problems": {}, "form": {}, "product": None, "account": None, "static": lambda file: f"/static/{file}?v=1",
        "journey": None,
    }  # fmt: skip
    shown = everywhere | context
    with site.test_request_context("/page?q=a%26b&ui_locales=de"), force_locale(locale):
        return render_template(name, ui=site.jinja_env.get_template("macros.html").make_module(shown), **shown)


def cases() -> list[Any]:
    return [
        pytest.param(name, context, id=f"{name}-{number}")
        for name, contexts in SAMPLES.items()
        for number, context in enumerate(contexts)
    ]


def test_every_template_has_a_sample() -> None:
    pages = {str(path.relative_to(PAGES)) for path in PAGES.rglob("*.html")} - FRAMES
    mails = {path.stem for path in MAILS.iterdir()} - {"layout", "notice", "sms"}
    mails = {name for name in mails if not name.endswith("_words")}
    assert pages == set(SAMPLES)
    assert mails == set(MAIL_SAMPLES)
    assert all((MAILS / f"{name}.{part}").exists() for name in mails for part in ("html", "txt"))


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("name", "context"), cases())
def test_a_page_is_complete_and_has_nothing_inline(
    site: Flask, name: str, context: dict[str, Any], locale: str
) -> None:
    page = Reading(render(site, name, locale, context))

    assert page.all("html")[0]["lang"] == locale
    assert len(page.all("h1")) == 1
    assert len(page.all("main")) == 1
    assert page.all("style") == []
    assert all("src" in script for script in page.all("script"))
    for tag, attributes in page.tags:
        assert not [key for key in attributes if key == "style" or key.startswith("on")], tag
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for attributes in (attributes for _, attributes in page.tags):
        for key in ("for", "aria-describedby", "aria-labelledby", "aria-controls", "form", "data-reveal"):
            assert set((attributes.get(key) or "").split()) <= set(ids), (key, attributes)
    labelled = {label["for"] for label in page.all("label")}
    assert all(control["id"] in labelled for control in page.all("input", "select") if control.get("type") != "hidden")
    assert page.title.startswith(("Erreur\u00a0:", "Error:")) == bool(context.get("problems"))


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("name", "context"), [case for case in cases() if case.values[1].get("problems")])
def test_the_error_summary_leads_to_fields_that_say_what_is_wrong(
    site: Flask, name: str, context: dict[str, Any], locale: str
) -> None:
    html = render(site, name, locale, context)
    page = Reading(html)

    summary = next(attributes for _, attributes in page.tags if attributes.get("class") == "summary")
    assert summary["tabindex"] == "-1"
    assert "autofocus" in summary
    controls = {control["id"]: control for control in page.all("input", "select", "fieldset") if "id" in control}
    for field, text in context["problems"].items():
        if field != "form":
            assert f'href="#{field}"' in html
            assert controls[field]["aria-invalid"] == "true"
            assert html.count(text) == 2
    assert all(control.get("value", "") == "" for control in controls.values() if control.get("type") == "password")


def test_the_language_switch_posts_a_form_and_otherwise_keeps_the_query(site: Flask) -> None:
    form = Reading(render(site, "reset/request.html", "fr", SAMPLES["reset/request.html"][1]))
    switch = next(button for button in form.all("button") if button.get("name") == "set_locale")
    assert switch["form"] == "main-form"
    assert switch["value"] == "en"
    assert "formnovalidate" in switch
    assert next(field for field in form.all("input") if field.get("id") == "email")["value"] == "ines"

    plain = Reading(render(site, "reset/sent.html", "fr", SAMPLES["reset/sent.html"][0]))
    assert "?q=a%26b&ui_locales=en" in [link["href"] for link in plain.all("a")]


def test_what_a_client_calls_itself_is_encoded(site: Flask) -> None:
    name = '<img src=x onerror="alert(1)">'
    context = SAMPLES["consent/consent.html"][0] | {"client_name": name, "scopes": [name]}
    assert Reading(render(site, "consent/consent.html", "en", context)).all("img") == []


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", MAIL_SAMPLES)
def test_a_mail_has_a_subject_one_button_and_its_address_in_clear(catalogues: Path, name: str, locale: str) -> None:
    environment = Environment(
        loader=FileSystemLoader(MAILS), undefined=StrictUndefined, extensions=["jinja2.ext.i18n"],
        autoescape=select_autoescape(["html"]),
    )  # fmt: skip
    environment.install_gettext_translations(Translations.load(catalogues, [locale]), newstyle=True)  # type: ignore[attr-defined]
    for context in MAIL_SAMPLES[name]:
        html = environment.get_template(f"{name}.html").render(locale=locale, **context)
        text = environment.get_template(f"{name}.txt").render(locale=locale, **context)

        mail = Reading(html)
        leads = "link" in context  # a code, or news that leads nowhere, has no button
        assert [link["href"] for link in mail.all("a")] == [LINK, LINK] * leads
        assert (f">{LINK}</a>" in html) is leads
        assert mail.all("script", "img") == []
        subject, empty, body = text.split("\n", 2)
        assert subject == subject.strip() != ""
        assert empty == ""
        assert body.count(LINK) == leads
        assert "\n\n\n" not in body
        assert "&lt;" not in text


def test_no_text_for_people_lacks_its_translation() -> None:
    """Templates and code alike, found as `idp/translations/babel.cfg` says."""
    catalogs = {locale: catalogue(locale) for locale in LOCALES}
    with (IDP / "translations" / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(
        IDP.parent,
        methods,
        options,
        keywords={**DEFAULT_KEYWORDS, "_l": None, "lazy_gettext": None},
        directory_filter=lambda path: IDP.name in Path(path).relative_to(IDP.parent).parts,
    )
    texts = {message for _, _, message, _, _ in found}
    assert len(texts) > 100
    for locale, catalog in catalogs.items():
        for text in texts:
            message = catalog.get(text)
            assert message is not None, (locale, text)
            strings = [message.string] if isinstance(message.string, str) else message.string
            assert all(strings), (locale, text)
            assert list(message.check(catalog)) == [], (locale, text)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_catalogue_is_sorted_and_has_each_text_once(locale: str) -> None:
    """Read from the file itself: Babel keeps the last of two equal texts, and says nothing."""
    written = (IDP / "translations" / locale / "LC_MESSAGES" / "messages.po").read_text("utf-8")
    texts = re.findall(r'^msgid "(.+)"$', written, re.MULTILINE)
    assert len(texts) > 100
    assert texts == sorted(set(texts))


def test_french_is_set_with_its_own_spaces_and_apostrophes() -> None:
    for message in catalogue("fr"):
        strings = [message.string] if isinstance(message.string, str) else message.string
        for string in strings if message.id else ():
            assert not re.search(r" [?!;:»]|« |\w'\w|\w[?!;]", re.sub(r"%\(\w+\)s", "x", string)), string
            assert not re.search(r"\+\d+ \d", string), string
            # A narrow space before ; ! ? and a whole one before a colon; no line ends between a number and its unit.
            assert not re.search(r"\u00a0[?!;]|\u202f[:»]|«\u202f", string), string
            assert not re.search(r"(\d|%\((num|days|minutes|hours)\)s) (jour|heure|minute|seconde)", string), string


def test_french_speaks_to_women_and_men_alike() -> None:
    """A participle or an adjective about whoever reads would have to choose."""
    for message in catalogue("fr"):
        strings = [message.string] if isinstance(message.string, str) else message.string
        for string in strings if message.id else ():
            spoken = r"ous (êtes|serez|étiez)( bien| aussi)? (connecté|invité|seul|prêt|inscrit|sûr|averti|informé)\b"
            assert not re.search(rf"{spoken}|\bvous a invité\b|\(e\)|[Vv]ous seul\b", string), string


def properties(dark: bool) -> dict[str, str]:
    css = (IDP / "web" / "static" / "style.css").read_text()
    light, later = css.split("@media (prefers-color-scheme: dark)", 1)
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    return found | (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", later)) if dark else {})


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio of two colours written #rrggbb."""

    def luminance(colour: str) -> float:
        channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        linear = [channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


ACCENTS = ["accent", "green", "violet", "amber", "blue", "rose", "slate"]
TEXT = [
    *((ink, ground) for ink in ["ink", "soft", "danger", *ACCENTS] for ground in ("paper", "shade")),
    *(("on-accent", accent) for accent in ACCENTS),
    *((ink, f"{state}-wash") for state in ("danger", "warn", "ok") for ink in (state, "ink")),
    ("on-danger", "danger"),
]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_colours_can_be_read(dark: bool) -> None:
    colours = properties(dark)
    weak = [(ink, ground) for ink, ground in TEXT if contrast(colours[ink], colours[ground]) < 4.5]
    assert weak == []
    assert contrast(colours["edge"], colours["paper"]) >= 3  # borders of controls, WCAG 2.2 §1.4.11


def test_each_accent_a_product_may_name_has_its_class_and_its_dark_twin() -> None:
    css = (IDP / "web" / "static" / "style.css").read_text()
    light, dark = properties(dark=False), properties(dark=True)
    for accent in ACCENTS[1:]:
        assert f".accent-{accent} {{ --accent: var(--{accent}); }}" in css
        assert light[accent] != dark[accent]
