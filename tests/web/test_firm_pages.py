"""The pages of a firm over HTTP: clients, colleagues, what is given to whom, and who may."""

import re
from uuid import UUID, uuid4

import pytest

from idp.companies import access, assignment
from idp.companies.access import Access
from idp.companies.models import Assignment, CustomRole
from tests.stage import Stage, demonstration, own_stage, scalar, stage  # noqa: F401
from tests.web.browser import Browser
from tests.web.test_my_access_pages import english

FIRM = "cabinet-deltour"


def as_(stage: Stage, name: str) -> Browser:  # noqa: F811
    return english(stage.signed_in(name))


def path(stage: Stage, *parts: object) -> str:  # noqa: F811
    return "/".join([f"/companies/{stage.company(FIRM)}", *map(str, parts)])


def listed(browser: Browser) -> list[str]:
    """The names of a table's rows."""
    return re.findall(r'<th scope="row"><a href="[^"]+">([^<]+)</a>', browser.text)


def given(stage: Stage, person: str, client: str, product: str) -> UUID:  # noqa: F811
    """What somebody holds at a client by name now."""
    with stage.work(write=False) as work:
        rows = assignment.of_colleague(work, stage.company(FIRM), stage.person(person).id)
    wanted = (stage.company(client), product)
    return next(each.id for each in rows if (each.client_id, each.product) == wanted and each.ended_at is None)


def reach(stage: Stage, person: str, client: str, product: str) -> object:  # noqa: F811
    with stage.work(write=False) as work:
        return access.resolve(work, stage.person(person).id, stage.company(client), product)


def test_each_sees_their_clients(stage: Stage) -> None:  # noqa: F811
    """PRA-13."""
    address = path(stage, "clients")
    nathalie = as_(stage, "nathalie.deltour")
    nathalie.get(address)
    assert listed(nathalie) == [
        "Atelier Lumen SARL", "Boulangerie Lemaire SRL", "Clarté Nettoyage SRL", "Studio Mirabelle",
        "Toitures Vanderlinden SRL",
    ]  # fmt: skip
    lotte = as_(stage, "lotte.peeters")
    lotte.get(address)
    assert listed(lotte) == ["Atelier Lumen SARL", "Boulangerie Lemaire SRL"]
    assert "Sort clients into groups" not in lotte.text
    for hidden in ("clarte-nettoyage", "studio-mirabelle"):
        lotte.get(path(stage, "clients", stage.company(hidden)))
        assert lotte.status == 404
    amelie = as_(stage, "amelie.dubois")
    amelie.get(address)
    assert amelie.status == 404


def test_the_state_of_the_list_is_in_the_address(stage: Stage) -> None:  # noqa: F811
    karim = as_(stage, "karim.benali")
    for query, expected in (
        ("q=lemaire", ["Boulangerie Lemaire SRL"]),
        ("product=payroll", ["Clarté Nettoyage SRL", "Toitures Vanderlinden SRL"]),
        (f"colleague={stage.person('lotte.peeters').id}", ["Atelier Lumen SARL", "Boulangerie Lemaire SRL"]),
        ("state=over", ["Librairie des Quais SAS"]),
        ("state=waiting", ["Studio Mirabelle"]),
        ("q=zz", []),
        ("group=none&state=gone&product=&colleague=x&after=y", None),
    ):
        karim.get(f"{path(stage, 'clients')}?{query}")
        assert karim.status == 200
        if expected is not None:
            assert listed(karim) == expected, query
    karim.get(f"{path(stage, 'clients')}?q=Lemaire&product=capture")
    assert 'value="Lemaire"' in karim.text
    assert '<option value="capture" selected>' in karim.text


def test_a_client_shows_the_firm_and_leads_to_products(stage: Stage) -> None:  # noqa: F811
    lemaire = stage.company("boulangerie-lemaire")
    stage.change_client("demo-capture", home_uri="http://localhost:8002/")
    karim = as_(stage, "karim.benali")
    karim.get(path(stage, "clients", lemaire))
    assert karim.heading == "Boulangerie Lemaire SRL"
    for text in (
        "Lotte Peeters",
        " (role of the firm)",
        "Dutch",
        "users are managed by the client",
    ):
        assert text in karim.text, text
    assert "Sophie" not in karim.text  # PRA-03: the client's own people are not there
    assert f'href="http://localhost:8002/?company={lemaire}"' in karim.text
    lotte = as_(stage, "lotte.peeters")
    lotte.get(path(stage, "clients", lemaire))
    assert "Karim Benali" in lotte.text
    assert "Add a colleague" not in lotte.text
    assert ">Change<" not in lotte.text


def test_access_is_given_with_a_look_at_the_role(own_stage: Stage) -> None:  # noqa: F811
    """J10 steps 5 to 8, and the row of `administration` that allows Karim to assign."""
    clarte, lotte = own_stage.company("clarte-nettoyage"), own_stage.person("lotte.peeters").id
    karim = as_(own_stage, "karim.benali")
    karim.get(path(own_stage, "clients", clarte, "add"))
    assert "Lotte Peeters" in karim.text
    karim.get(path(own_stage, "clients", clarte, "add", lotte))
    assert "Clarté Nettoyage SRL" in karim.heading
    assert re.findall(r'<option value="(accounting|capture|invoicing|payroll)"', karim.text) == [
        "accounting", "capture", "payroll",
    ]  # fmt: skip
    karim.submit({"product": "payroll", "act": "choose"})
    assert 'value="role:payroll.accountant"' in karim.text
    assert 'value="role:accounting.reader"' not in karim.text
    own = scalar(own_stage, CustomRole.id, CustomRole.company_id == own_stage.company(FIRM))
    karim.submit({"product": "capture", "act": "choose"})
    roles = re.findall(r'<option value="((?:role|own):[^"]+)"', karim.text)
    assert roles[-1] == f"own:{own}"  # built-in ones first, then the firm's own
    assert " (role of the firm)" in karim.text
    karim.submit({"product": "capture", "role": "role:capture.documents-standard"})
    assert karim.heading == "What this gives Lotte Peeters at Clarté Nettoyage SRL"
    assert "no role" in karim.text  # nothing before
    assert "Added:" in karim.text
    assert "Taken away:" not in karim.text
    assert "Crossed out:" in karim.text  # the client is suspended: only what one may look at is left
    karim.submit({"act": "save", "role": f"own:{own}"})  # another role than the one shown
    assert (karim.status, "Somebody else changed this" in karim.text) == (409, True)
    assert not isinstance(reach(own_stage, "lotte.peeters", "clarte-nettoyage", "capture"), Access)
    karim.submit({"act": "back"})
    assert f'<option value="own:{own}" selected>' in karim.text
    karim.submit({"product": "capture", "role": f"own:{own}", "locale": "nl-BE"})
    karim.submit({"act": "save"})
    assert karim.address == f"{path(own_stage, 'clients', clarte)}?done=given"
    assert "The access is given" in karim.text
    assert isinstance(reach(own_stage, "lotte.peeters", "clarte-nettoyage", "capture"), Access)
    karim.get(path(own_stage, "clients", clarte, "add", lotte))
    assert '<option value="capture"' not in karim.text  # ROL-04


def test_what_cannot_be_given_is_said(own_stage: Stage) -> None:  # noqa: F811
    clarte, lotte = own_stage.company("clarte-nettoyage"), own_stage.person("lotte.peeters").id
    karim = as_(own_stage, "karim.benali")
    karim.get(path(own_stage, "clients", clarte, "add", lotte))
    for values, status in (
        ({"product": "capture", "role": "role:accounting.reader"}, 422),  # of another product
        ({"product": "capture", "role": "role:capture.owner"}, 422),  # of no product
        ({"product": "capture", "role": f"own:{uuid4()}"}, 422),
        ({"product": "invoicing", "role": "role:invoicing.reader"}, 422),  # not used by the client
        ({"product": "capture", "role": "role:capture.reader", "locale": "xx"}, 422),
        ({"product": "capture", "role": "role:capture.reader", "extra": "1"}, 422),
        ({"product": "capture", "role": "role:capture.administrator"}, 403),  # Nathalie gives that one
    ):
        karim.get(path(own_stage, "clients", clarte, "add", lotte))
        karim.submit({"act": "review", **values})
        assert karim.status == status, values
    assert not isinstance(reach(own_stage, "lotte.peeters", "clarte-nettoyage", "capture"), Access)


def test_a_change_says_what_it_adds_and_takes(own_stage: Stage) -> None:  # noqa: F811
    lumen = own_stage.company("atelier-lumen")
    held = given(own_stage, "lotte.peeters", "atelier-lumen", "capture")
    nathalie = as_(own_stage, "nathalie.deltour")
    nathalie.get(path(own_stage, "clients", lumen, "assignments", held))
    nathalie.submit({"role": "role:capture.documents-basic", "locale": "fr-BE"})
    assert nathalie.heading == "What changes for Lotte Peeters at Atelier Lumen SARL"
    assert "Added:" in nathalie.text
    assert "Taken away:" in nathalie.text
    nathalie.submit({"act": "back"})
    assert '<option value="role:capture.documents-basic" selected>' in nathalie.text
    assert '<option value="fr-BE" selected>' in nathalie.text
    nathalie.submit({"role": "role:capture.documents-basic", "act": "save"})  # what was not shown is not saved
    assert (nathalie.status, nathalie.heading.partition(" for")[0]) == (200, "What changes")
    nathalie.submit({"act": "save", "role": "role:capture.reader"})  # nor another role than the one shown
    assert (nathalie.status, "Somebody else changed this" in nathalie.text) == (409, True)
    assert given(own_stage, "lotte.peeters", "atelier-lumen", "capture") == held
    nathalie.submit({"act": "save"})
    assert nathalie.address.endswith("?done=changed")
    assert reach(own_stage, "lotte.peeters", "atelier-lumen", "capture").role == "capture.reader"  # type: ignore[attr-defined]
    nathalie.get(path(own_stage, "clients", lumen, "assignments", held))
    assert nathalie.status == 404  # over


def test_another_language_alone_says_that_rights_stay(own_stage: Stage) -> None:  # noqa: F811
    lumen = own_stage.company("atelier-lumen")
    held = given(own_stage, "lotte.peeters", "atelier-lumen", "capture")
    nathalie = as_(own_stage, "nathalie.deltour")
    nathalie.get(path(own_stage, "clients", lumen, "assignments", held))
    present = {
        "role": f"own:{scalar(own_stage, CustomRole.id, CustomRole.company_id == own_stage.company(FIRM))}",
        "locale": scalar(own_stage, Assignment.locale, Assignment.id == held) or "",
    }
    nathalie.submit(present)
    assert "Nothing changes." in nathalie.text
    assert ("act", "save") not in nathalie.form.buttons
    nathalie.submit({"act": "back"})
    nathalie.submit({**present, "locale": "fr-BE"})
    assert "Language of our message and of the product" in nathalie.text
    assert "Added:" not in nathalie.text
    nathalie.submit({"act": "save"})
    assert nathalie.address.endswith("?done=changed")


def test_a_colleague_is_removed_from_one_client(own_stage: Stage) -> None:  # noqa: F811
    """J11 step 2."""
    lemaire, lotte = own_stage.company("boulangerie-lemaire"), own_stage.person("lotte.peeters").id
    nathalie = as_(own_stage, "nathalie.deltour")
    nathalie.get(path(own_stage, "clients", lemaire, "remove", lotte))
    assert "Document capture" in nathalie.text
    assert "Invoicing" in nathalie.text
    nathalie.submit()
    assert "The access is taken away" in nathalie.text
    assert not isinstance(reach(own_stage, "lotte.peeters", "boulangerie-lemaire", "capture"), Access)
    assert isinstance(reach(own_stage, "lotte.peeters", "atelier-lumen", "capture"), Access)
    lotte_browser = as_(own_stage, "lotte.peeters")
    lotte_browser.get(path(own_stage, "clients", lemaire))
    assert lotte_browser.status == 404


def test_who_may_not_is_refused_and_what_is_foreign_is_missing(stage: Stage) -> None:  # noqa: F811
    """`administration`: Karim on Nathalie forbidden; a mandate reaches no administration of the client."""
    lumen, lemaire = stage.company("atelier-lumen"), stage.company("boulangerie-lemaire")
    lotte, nathalie = stage.person("lotte.peeters").id, stage.person("nathalie.deltour").id
    held = given(stage, "lotte.peeters", "atelier-lumen", "capture")
    with stage.work(write=False) as work:
        rows = assignment.of_colleague(work, stage.company(FIRM), nathalie)
        hers = next(each.id for each in rows if each.client_id is None)
    by_lotte = as_(stage, "lotte.peeters")
    for refused in (
        path(stage, "clients", lumen, "add"),
        path(stage, "clients", lumen, "add", lotte),
        path(stage, "clients", lumen, "assignments", held),
        path(stage, "clients", lumen, "remove", lotte),
        path(stage, "clients", lumen, "end"),
        path(stage, "colleagues", lotte, "assign"),
        path(stage, "colleagues", lotte, "remove"),
        path(stage, "groups"),
    ):
        by_lotte.get(refused)
        assert by_lotte.status == 403, refused
    by_karim = as_(stage, "karim.benali")
    by_karim.get(path(stage, "colleagues", nathalie))
    assert by_karim.status == 200
    assert ">Change<" not in by_karim.text
    for refused in (
        path(stage, "colleagues", nathalie, "assignments", hers),
        path(stage, "colleagues", nathalie, "assign"),
        path(stage, "colleagues", nathalie, "remove"),
        path(stage, "clients", lumen, "add", nathalie),
        path(stage, "clients", lumen, "add", stage.person("karim.benali").id),  # not to oneself
    ):
        by_karim.get(refused)
        assert by_karim.status == 403, refused
    for missing in (
        path(stage, "clients", uuid4()),
        path(stage, "clients", stage.company(FIRM)),
        path(stage, "clients", lemaire, "assignments", held),  # of another client
        path(stage, "clients", lumen, "assignments", hers),  # for all of them, not for this one
        path(stage, "clients", lumen, "add", stage.person("amelie.dubois").id),
        path(stage, "clients", stage.company("librairie-des-quais"), "add"),
        path(stage, "colleagues", stage.person("amelie.dubois").id),
        path(stage, "groups", uuid4()),
    ):
        by_karim.get(missing)
        assert by_karim.status == 404, missing
    by_nathalie = as_(stage, "nathalie.deltour")
    by_nathalie.get(f"/companies/{lumen}/people")
    assert by_nathalie.status == 404


def test_what_is_for_every_client_is_changed_on_the_colleague(own_stage: Stage) -> None:  # noqa: F811
    karim_id = own_stage.person("karim.benali").id
    nathalie = as_(own_stage, "nathalie.deltour")
    nathalie.get(path(own_stage, "colleagues", karim_id))
    change = re.search(r'href="([^"]+/assignments/[^"]+)"', nathalie.text)
    assert change is not None
    nathalie.get(change[1])
    nathalie.submit({"act": "save", "role": "role:accounting.reader", "locale": ""})  # shown before it is saved
    for said in ("What the role holds by itself", "This concerns 3 clients", "Taken away:"):
        assert said in nathalie.text, said
    assert reach(own_stage, "karim.benali", "atelier-lumen", "accounting").role != "accounting.reader"  # type: ignore[attr-defined]
    nathalie.submit({"act": "save"})
    assert "The change is saved" in nathalie.text
    assert reach(own_stage, "karim.benali", "atelier-lumen", "accounting").role == "accounting.reader"  # type: ignore[attr-defined]
    change = re.search(r'href="([^"]+/assignments/[^"]+)"', nathalie.text)
    assert change is not None
    nathalie.get(change[1])
    nathalie.submit({"act": "end"})
    assert not isinstance(reach(own_stage, "karim.benali", "atelier-lumen", "accounting"), Access)
    nathalie.get(f"{path(own_stage, 'colleagues', karim_id, 'assign')}?product=accounting")
    nathalie.submit({"where": "all", "role": "role:accounting.reader"})
    for said in ("This concerns 3 clients", "no role", "Added:"):
        assert said in nathalie.text, said
    nathalie.submit({"act": "save"})
    assert "The access is given" in nathalie.text
    assert isinstance(reach(own_stage, "karim.benali", "atelier-lumen", "accounting"), Access)
    nathalie.get(f"{path(own_stage, 'colleagues', karim_id, 'assign')}?product=accounting")
    nathalie.submit({"where": "all", "role": "role:accounting.accountant"})
    assert (nathalie.status, "already has a role in this product" in nathalie.text) == (422, True)


def test_a_colleague_leaves_the_firm(own_stage: Stage) -> None:  # noqa: F811
    """J11 step 5."""
    lotte = own_stage.person("lotte.peeters").id
    nathalie = english(own_stage.sign_in("nathalie.deltour"))
    nathalie.get(path(own_stage, "colleagues"))
    assert "Lotte Peeters" in nathalie.text
    nathalie.get(path(own_stage, "colleagues", lotte, "remove"))
    assert "loses 2 clients at once" in nathalie.text
    nathalie.submit()
    assert "has left the firm" in nathalie.text
    assert "Lotte Peeters" not in nathalie.text.split("</h1>")[1].split("<table")[1]
    for client in ("atelier-lumen", "boulangerie-lemaire"):
        assert not isinstance(reach(own_stage, "lotte.peeters", client, "capture"), Access)


def test_the_firm_ends_a_mandate(own_stage: Stage) -> None:  # noqa: F811
    lumen = own_stage.company("atelier-lumen")
    nathalie = english(own_stage.sign_in("nathalie.deltour"))
    nathalie.get(path(own_stage, "clients", lumen, "end"))
    assert "3 colleagues lose access" in nathalie.text
    nathalie.submit()
    assert "The mandate has ended" in nathalie.text
    assert "Former client" in nathalie.text
    for person in ("nathalie.deltour", "karim.benali", "lotte.peeters"):
        assert not isinstance(reach(own_stage, person, "atelier-lumen", "capture"), Access)
    nathalie.get(path(own_stage, "clients", lumen, "end"))
    assert "nothing has to be ended" in nathalie.text


@pytest.mark.parametrize("page", ["clients", "colleagues", "groups"])
def test_strange_words_do_no_harm(stage: Stage, page: str) -> None:  # noqa: F811
    karim = as_(stage, "karim.benali")
    for text in ("<b>x</b>", "\u202egnal", "x" * 400, "a%00b", "%", "' OR 1=1"):
        karim.get(f"{path(stage, page)}?q={text}")
        assert karim.status == 200
        assert "<b>x</b>" not in karim.text
