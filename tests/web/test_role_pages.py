"""The pages of roles: what each permits, and making, changing and deleting one's own (SC22, SC23, J10, PRA-15)."""

from uuid import uuid4

from idp.companies import custom_role, membership, role
from tests.stage import Stage, demonstration, own_stage, stage  # noqa: F401
from tests.web.test_my_access_pages import english

BANK = ["capture.bank-statements.view", "capture.bank-statements.upload", "capture.bank-statements.edit"]


def own(stage, company, product, name):  # noqa: F811
    with stage.work(write=False) as work:
        found = role.find_custom(work, stage.company(company), product, name)
        return found and (found.id, found.revision, sorted(found.permissions), dict(found.labels))


def page(stage, company, *parts):  # noqa: F811
    return "/".join([f"/companies/{stage.company(company)}/roles", *map(str, parts)])


def test_roles_are_listed_by_product_with_who_holds_them(stage: Stage) -> None:  # noqa: F811
    browser = english(stage.signed_in("amelie.dubois"))
    with stage.statements() as seen:
        browser.get(page(stage, "atelier-lumen"))
    assert len(seen) < 40, seen
    assert browser.heading == "Roles"
    for text in ("Bookkeeper", "Management view", "custom", "Held by: 1 person", "Access auditor"):
        assert text in browser.text, text
    member = english(stage.signed_in("hugo.perrin"))
    member.get(page(stage, "atelier-lumen"))
    assert member.status == 403
    member.get(page(stage, "boulangerie-lemaire"))
    assert member.status == 404


def test_a_plan_lists_the_roles_it_offers_and_says_why_there_are_none_of_ones_own(stage: Stage) -> None:  # noqa: F811
    """ROL-06; and a plan without custom roles explains."""
    browser = english(stage.signed_in("benoit.lemaire"))
    browser.get(page(stage, "boulangerie-lemaire"))
    assert ("does not include custom roles" in browser.text) == ("Create a role" not in browser.text)


def test_a_role_is_read_before_it_is_given(stage: Stage) -> None:  # noqa: F811
    """ROL-01: a level for each area, in words."""
    browser = english(stage.signed_in("amelie.dubois"))
    browser.get(page(stage, "atelier-lumen", "accounting", "accounting.bookkeeper"))
    text = " ".join(browser.text.split())
    assert '<span class="name">Journal entries</span> <span class="level">Manage</span>' in text
    assert '<span class="name">Accounting settings</span> <span class="level">View</span>' in text
    assert "No access to:" in text
    for missing in ("accounting.nothing", "payroll.reader", str(uuid4())):
        browser.get(page(stage, "atelier-lumen", "accounting", missing))
        assert browser.status == 404, missing


def test_at_a_client_what_the_mandate_lacks_is_crossed_out(stage: Stage) -> None:  # noqa: F811
    """PRA-08, PRA-12: the filing of VAT at the bakery."""
    browser = english(stage.signed_in("nathalie.deltour"))
    client = stage.company("boulangerie-lemaire")
    browser.get(page(stage, "cabinet-deltour", "accounting", f"accounting.accountant-filing?client={client}"))
    assert "the mandate does not cover this" in browser.text
    browser.get(page(stage, "cabinet-deltour", "accounting", f"accounting.accountant-filing?client={uuid4()}"))
    assert browser.status == 404
    browser.get(page(stage, "cabinet-deltour", "accounting", "accounting.accountant-filing?client=x"))
    assert browser.status == 404


def test_a_role_is_made_from_a_copy_and_can_be_given(own_stage: Stage) -> None:  # noqa: F811
    """J10, steps 1 to 3."""
    browser = english(own_stage.sign_in("nathalie.deltour"))
    browser.get(page(own_stage, "cabinet-deltour", "capture", "new"))
    assert "Documents – basic" in browser.text or "capture.documents-basic" in browser.text
    browser.get(page(own_stage, "cabinet-deltour", "capture", "new?from=capture.documents-basic"))
    assert "capture.people.manage" not in browser.text  # what no role of one's own ever holds is not shown
    browser.submit({"name": "", "permission": BANK, "action": "add"})
    assert browser.status == 422
    assert "Give the role a name" in browser.text
    browser.submit({"name": "Banque seule", "permission": BANK, "level-sales": "view", "action": "add"})
    assert browser.heading == "Banque seule", browser.text
    made = own(own_stage, "cabinet-deltour", "capture", "Banque seule")
    assert made is not None
    assert made[2] == sorted([*BANK, "capture.sales.view"])
    browser.get(page(own_stage, "cabinet-deltour"))
    assert "Banque seule" in browser.text
    browser.get(page(own_stage, "cabinet-deltour", "capture", "new?from=nothing"))
    browser.submit({"name": "banque SEULE", "permission": BANK, "action": "add"})
    assert "already has a role with this name" in browser.text
    assert "banque SEULE" in browser.text  # what was typed stays
    browser.submit({"name": "Vide", "permission": [], "action": "add"})
    assert "Choose at least one permission" in browser.text
    manager = english(own_stage.sign_in("karim.benali"))
    manager.get(page(own_stage, "cabinet-deltour", "capture", "new?from=nothing"))
    assert manager.status == 403
    manager.get(page(own_stage, "cabinet-deltour"))
    assert manager.status == 200
    assert "Create a role" not in manager.text


def test_a_change_shows_what_it_comes_to_and_for_whom_before_it_is_saved(own_stage: Stage) -> None:  # noqa: F811
    """PRA-15; J10, step 10."""
    lumen = own_stage.company("atelier-lumen")
    key, revision, held, _ = own(own_stage, "atelier-lumen", "accounting", "direction")
    with own_stage.work() as work:
        membership.change_role(work, lumen, own_stage.person("camille.roux").id, "accounting", custom_role_id=key)
    browser = english(own_stage.sign_in("amelie.dubois"))
    browser.get(page(own_stage, "atelier-lumen", "accounting", key, "edit"))
    assert "This role is held by: 2 people" in browser.text
    wanted = [*held, "accounting.journals.view"]
    browser.submit({"permission": wanted, "action": "review"})
    assert "Nothing is saved yet." in browser.text
    assert "Thomas Lefèvre" in browser.text
    assert "View journal entries" in browser.text
    assert own(own_stage, "atelier-lumen", "accounting", "direction")[1] == revision
    browser.submit({"permission": wanted, "action": "back"})
    assert browser.heading == "Change the role “Management view”"
    assert 'value="accounting.journals.view" data-level="view" checked' in browser.text
    browser.submit({"permission": wanted, "action": "review"})
    browser.submit({"permission": wanted, "action": "save"})
    assert "The role is changed" in browser.text
    assert own(own_stage, "atelier-lumen", "accounting", "direction")[1:3] == (revision + 1, sorted(wanted))
    assert "What this role was before" in browser.text

    browser.get(page(own_stage, "atelier-lumen", "accounting", key, "edit"))
    with own_stage.work() as work:
        custom_role.change(work, lumen, key, seen=revision + 1, permissions=held)
    browser.submit({"permission": wanted, "action": "save"})
    assert browser.status == 409
    assert "Somebody else has changed this role" in browser.text


def test_a_role_is_deleted_once_nobody_holds_it(own_stage: Stage) -> None:  # noqa: F811
    lumen = own_stage.company("atelier-lumen")
    key, *_ = own(own_stage, "atelier-lumen", "accounting", "direction")
    browser = english(own_stage.sign_in("amelie.dubois"))
    browser.get(page(own_stage, "atelier-lumen", "accounting", key, "delete"))
    assert "This role is in use: 1 person" in browser.text
    assert "Thomas Lefèvre" in browser.text
    with own_stage.work() as work:
        membership.revoke_role(work, lumen, own_stage.person("thomas.lefevre").id, "accounting")
    browser.get(page(own_stage, "atelier-lumen", "accounting", key, "delete"))
    browser.submit()
    assert "The role “Management view” is deleted." in browser.text
    browser.get(page(own_stage, "atelier-lumen", "accounting", key))
    assert browser.status == 404


def test_a_form_in_disorder_and_strange_names_do_no_harm(own_stage: Stage) -> None:  # noqa: F811
    browser = english(own_stage.sign_in("amelie.dubois"))
    start = page(own_stage, "atelier-lumen", "accounting", "new?from=nothing")
    for values in (
        {"name": "<script>x</script>", "permission": ["no.such.permission"], "action": "add"},
        {"name": "x" * 400, "permission": ["accounting.bank.view"], "action": "add"},
        {"name": "Ba\u202enk", "permission": ["accounting.bank.view"], "action": "add"},
        {"name": "Bank\x00", "permission": ["accounting.bank.view"], "action": "add"},
        {"name": "Bank", "level-nowhere": "manage", "action": "add"},
        {"name": "Bank", "level-bank": "\x00", "action": "add"},
        {"name": "Bank", "permission": ["accounting.api.manage"], "action": "add"},
        {"name": "Bank", "label-xx": "Bank", "permission": ["accounting.bank.view"], "action": "add"},
        {"name": "Bank", "seen": "many", "permission": ["accounting.bank.view"], "action": "add"},
        {"name": "Bank", "surplus": "1", "permission": ["accounting.bank.view"], "action": "add"},
    ):
        browser.get(start)
        browser.submit(values)
        assert browser.status == 422, (values, browser.text)
        assert "<script>x" not in browser.text
    browser.get(start)
    browser.submit({"name": "<b>Bank</b>", "permission": ["accounting.bank.view"], "set_locale": "fr"})
    assert "&lt;b&gt;Bank&lt;/b&gt;" in browser.text
    assert "Ajouter le rôle" in browser.text


def test_somebodys_access_is_explained_with_what_would_change_it(stage: Stage) -> None:  # noqa: F811
    browser = english(stage.signed_in("amelie.dubois"))
    lumen, hugo = stage.company("atelier-lumen"), stage.person("hugo.perrin").id
    address = f"/companies/{lumen}/people/{hugo}/explain"
    browser.get(address)
    assert browser.heading == "What Hugo Perrin may do, and why"
    browser.get(f"{address}?product=invoicing&permission=invoicing.payments.view")
    assert "No, Hugo Perrin may not." in browser.text
    assert "This area is switched off for the person." in browser.text
    assert "Switch on the area" in browser.text
    browser.get(f"{address}?product=invoicing&ui_locales=fr")
    assert "Oui, Hugo Perrin le peut." in browser.text
    browser.get(f"{address}?product=nonsense&permission=%00")
    assert browser.status == 200
    for stranger in (uuid4(), stage.person("benoit.lemaire").id):
        browser.get(f"/companies/{lumen}/people/{stranger}/explain")
        assert browser.status == 404
    colleague = stage.person("karim.benali").id
    browser.get(
        f"/companies/{lumen}/people/{colleague}/explain?product=accounting&permission=accounting.settings.edit&ui_locales=en"
    )
    assert "Mandate of Cabinet Deltour" in browser.text
    assert "Nothing that can be done here" in browser.text
