"""What a firm's own permissions open, on its pages and in the API alike: inviting a colleague, changing their roles.

Karim Benali is a member of the firm's account and a portfolio manager in its running: he holds
`practice.colleagues.invite` and `practice.colleagues.edit-access`, and nothing of `company.users.*`. Lotte Peeters
holds neither.
"""

from html import unescape

from idp.companies.models import Invitation, ProductRole
from tests.stage import scalar
from tests.web.api.calling import BASE, Callers, problem
from tests.web.browser import Browser
from tests.web.test_my_access_pages import english

FIRM = "cabinet-deltour"
INVITED = {"address": "elise@deltour.example", "locale": "fr-BE", "roles": {"practice": "practice.assistant"}}


def firm(callers: Callers) -> str:
    return f"/companies/{callers.stage.company(FIRM)}"


def browser(callers: Callers, name: str) -> Browser:
    return english(callers.stage.signed_in(name))


def links(page: Browser) -> str:
    return unescape(page.text)


def test_who_may_invite_a_colleague_does_so_on_the_page(own_callers: Callers) -> None:
    stage, here, karim = own_callers.stage, firm(own_callers), browser(own_callers, "karim.benali")
    karim.get(f"{here}/colleagues")
    assert f'href="{here}/invitations/new"' in links(karim)
    assert f'href="{here}/people"' not in links(karim)  # the list of users is not his
    karim.get(f"{here}/invitations/new")
    assert 'value="practice.assistant"' in karim.text
    assert 'value="practice.administrator"' not in karim.text
    karim.submit({"email": "elise@deltour.example", "locale": "fr-BE", "role_practice": "practice.assistant"})
    assert karim.status == 200, karim.text[:500]
    assert "The invitation is on its way." in karim.text
    assert scalar(stage, Invitation.company_role, Invitation.address == "elise@deltour.example") == "company.member"
    made = scalar(stage, Invitation.id, Invitation.address == "elise@deltour.example")
    karim.get(f"{here}/invitations/{made}/withdraw")
    karim.submit()
    assert scalar(stage, Invitation.outcome, Invitation.id == made) == "withdrawn"


def test_who_may_invite_a_colleague_does_so_in_the_api(own_callers: Callers) -> None:
    here, karim = firm(own_callers), own_callers.person("karim.benali")
    made = karim.call("POST", f"{here}/invitations", INVITED)
    assert made.status_code == 201, made.text
    place = made.headers["Location"].removeprefix(BASE)
    assert [each["address"] for each in karim.every(f"{here}/invitations")] == ["elise@deltour.example"]
    assert karim.call("POST", f"{place}/resend", {}).status_code == 200
    assert karim.change("DELETE", place).status_code == 204
    beyond = {**INVITED, "roles": {"practice": "practice.administrator"}}
    assert problem(karim.call("POST", f"{here}/invitations", beyond)) == (403, "role_not_assignable")
    appointed = {**INVITED, "company_role": "company.auditor"}
    assert problem(karim.call("POST", f"{here}/invitations", appointed)) == (403, "role_not_assignable")


def test_nobody_takes_back_what_they_could_not_have_offered(own_callers: Callers) -> None:
    stage, here = own_callers.stage, firm(own_callers)
    nathalie, karim = own_callers.person("nathalie.deltour"), own_callers.person("karim.benali")
    chief = {**INVITED, "address": "chief@deltour.example", "roles": {"practice": "practice.administrator"}}
    place = nathalie.call("POST", f"{here}/invitations", chief).headers["Location"].removeprefix(BASE)
    assert problem(karim.change("DELETE", place)) == (403, "role_not_assignable")
    page = browser(own_callers, "karim.benali")
    page.get(f"{place}/withdraw")
    page.submit()
    assert page.status == 422
    assert scalar(stage, Invitation.outcome, Invitation.address == "chief@deltour.example") is None
    assert nathalie.change("DELETE", place).status_code == 204


def test_who_may_change_the_roles_of_colleagues_does_so_on_the_page(own_callers: Callers) -> None:
    stage, here, karim = own_callers.stage, firm(own_callers), browser(own_callers, "karim.benali")
    lotte, nathalie = stage.person("lotte.peeters").id, stage.person("nathalie.deltour").id
    karim.get(f"{here}/colleagues/{lotte}")
    assert f'href="{here}/people/{lotte}"' in links(karim)
    karim.get(f"{here}/people/{lotte}")
    assert karim.status == 200
    shown = links(karim)
    assert f'href="{here}/people/{lotte}/roles/practice"' in shown
    for other in ("company-role", "suspension", "removal", "sessions", "explain"):
        assert f"/people/{lotte}/{other}" not in shown, other
    assert f'<a href="{here}/colleagues" aria-current="page">' in shown
    karim.get(f"{here}/people/{lotte}/roles/practice?role=practice.assistant")
    karim.submit()
    karim.submit()
    assert "The rights are saved." in karim.text, karim.text[:500]
    now = ProductRole.account_id == lotte, ProductRole.product == "practice", ProductRole.ended_at.is_(None)
    assert scalar(stage, ProductRole.role, *now) == "practice.assistant"
    karim.get(f"{here}/people/{nathalie}")
    assert "Nobody else can change the account owner." in karim.text
    karim.get(f"{here}/people/{nathalie}/roles/practice")
    assert karim.status == 403
    for mine in ("people", f"people/{lotte}/company-role", f"people/{lotte}/suspension", f"people/{lotte}/explain"):
        karim.get(f"{here}/{mine}")
        assert karim.status == 403, mine


def test_who_may_change_the_roles_of_colleagues_does_so_in_the_api(own_callers: Callers) -> None:
    stage, here, karim = own_callers.stage, firm(own_callers), own_callers.person("karim.benali")
    lotte, nathalie = (f"{here}/memberships/{stage.person(name).id}" for name in ("lotte.peeters", "nathalie.deltour"))
    changed = karim.change("PUT", f"{lotte}/roles/practice", {"role": "practice.assistant"})
    assert (changed.status_code, changed.json["role_id"]) == (200, "practice.assistant")  # type: ignore[index]
    assert karim.change("DELETE", f"{lotte}/roles/practice").status_code == 204
    assert karim.call("POST", f"{lotte}/roles", {"product": "practice", "role": "practice.reader"}).status_code == 201
    beyond = karim.change("PUT", f"{lotte}/roles/practice", {"role": "practice.administrator"})
    assert problem(beyond) == (403, "role_not_assignable")
    owner = karim.change("PUT", f"{nathalie}/roles/practice", {"role": "practice.reader"})
    assert problem(owner) == (403, "owner_not_editable")
    assert problem(karim.get(f"{here}/memberships")) == (403, "not_permitted")
    tag = karim.get(lotte).headers["ETag"]
    roles = karim.call("PUT", f"{lotte}/company-role", {"company_role": "company.auditor"}, match=tag)
    assert problem(roles) == (403, "not_permitted")


def test_who_holds_neither_does_neither(callers: Callers) -> None:
    stage, here = callers.stage, firm(callers)
    karim, lotte, page = (
        stage.person("karim.benali").id,
        callers.person("lotte.peeters"),
        browser(callers, "lotte.peeters"),
    )
    page.get(f"{here}/colleagues")
    assert page.status == 200
    assert f"{here}/invitations" not in links(page)
    page.get(f"{here}/colleagues/{karim}")
    assert f"{here}/people/{karim}" not in links(page)
    for path in (
        "invitations",
        "invitations/new",
        "invitations/import",
        f"people/{karim}",
        f"people/{karim}/roles/practice",
    ):
        page.get(f"{here}/{path}")
        assert page.status == 403, path
    for path in ("invitations", f"memberships/{karim}", f"memberships/{karim}/roles/practice"):
        assert problem(lotte.get(f"{here}/{path}")) == (403, "not_permitted"), path
    assert problem(lotte.call("POST", f"{here}/invitations", INVITED)) == (403, "not_permitted")
    role = {"product": "capture", "role": "capture.reader"}
    assert problem(lotte.call("POST", f"{here}/memberships/{karim}/roles", role)) == (403, "not_permitted")
