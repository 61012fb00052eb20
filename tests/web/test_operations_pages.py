"""The desk of the staff: who gets in where, and a reset by two people (J14a, OPS-01, OPS-04)."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from idp.audit.models import AuditEvent
from idp.authn.models import Session
from idp.companies import address_change, erasure, support_case
from idp.companies.models import SupportCase
from idp.web.work import Application, unit_of_work
from tests.web.browser import Browser
from tests.web.conftest import Holder, sign_in
from tests.web.desk import OPERATOR, after, grant, mailed

ROLES = ("support", "security", "privacy", "billing", "administrator")
REASONS = {"reason": "the phone is lost", "identity_check": "called back at the office"}


@pytest.fixture
def at_desk(app: Application, make_holder: Callable[..., Holder]) -> Callable[[str], Browser]:
    """A browser of somebody with this role, signed in with a code a moment ago; `person` has none."""
    made: dict[str, Browser] = {}

    def sit(role: str) -> Browser:
        if role not in made:
            holder = make_holder(f"{role}@staff.example")
            if role != "person":
                grant(app, holder.id, f"operations.{role}")
            made[role] = Browser(app)
            sign_in(made[role], holder)
        return made[role]

    return sit


def open_case(app: Application, account_id: UUID, kind: str = "reset-2fa") -> UUID:
    with unit_of_work(app, OPERATOR) as work:
        return support_case.open_case(work, kind, account_id, "lost", "seen").id


def look_up(browser: Browser, holder: Holder) -> str:
    browser.get("/operations/accounts")
    browser.submit({"email": holder.address})
    return browser.address


# What each role is answered: every page and every act, so that a new one is decided about.
PAGES = {
    "/operations": "support security privacy billing administrator",
    "/operations/accounts": "support security privacy administrator",
    "/operations/cases": "support security privacy billing administrator",
    "/operations/cases/{case}": "support security privacy administrator",
    "/operations/cases/{case}/approve": "support security administrator",
    "/operations/cases/{case}/close": "support security administrator",
    "/operations/cases/{case}/take-up": "support security administrator",
    "/operations/cases/{case}/send-again": "support security administrator",
    "/operations/accounts/{account}": "support security privacy administrator",
    "/operations/accounts/{account}/cases/reset-2fa": "support security administrator",
    "/operations/accounts/{account}/cases/reset-all": "support security administrator",
    "/operations/accounts/{account}/cases/change-email": "security administrator",
    "/operations/accounts/{account}/block": "security administrator",
    "/operations/accounts/{account}/accountant-guide": "support security administrator",
}


@pytest.mark.parametrize("role", [*ROLES, "person"])
def test_every_page_refuses_every_other_role(
    app: Application, ada: Holder, at_desk: Callable[[str], Browser], role: str
) -> None:
    case = open_case(app, ada.id)
    browser = at_desk(role)
    for path, allowed in PAGES.items():
        browser.get(path.format(case=case, account=ada.id))
        if role in allowed.split():
            assert browser.status == 200, (path, browser.status, browser.heading)
        else:
            assert browser.status in (403, 404), (path, browser.status, browser.heading)


@pytest.mark.parametrize("role", [*ROLES, "person"])
def test_every_act_refuses_every_other_role(
    app: Application, ada: Holder, at_desk: Callable[[str], Browser], role: str
) -> None:
    case = open_case(app, ada.id)
    browser = at_desk(role)
    able = role in ("support", "security", "administrator")
    acts = {
        f"/operations/accounts/{ada.id}/cases/change-email": REASONS | {"address": "new@company.example"},
        f"/operations/cases/{case}/take-up": REASONS,
        f"/operations/cases/{case}/send-again": {},
        f"/operations/cases/{case}/approve": {},
        f"/operations/cases/{case}/close": {"reason": "no"},
    }
    for path, values in acts.items():
        browser.get("/account")
        token = browser.get("/sign-out").text.split('name="csrf_token" value="')[1].split('"')[0]
        answer = browser._send("POST", path, data={"csrf_token": token, **values})
        if not able:
            assert answer.status_code in (403, 404), path
    with unit_of_work(app, OPERATOR) as work:
        assert work.session.get_one(SupportCase, case).state == ("closed" if able else "waiting_approval")


def test_without_a_session_one_is_sent_to_sign_in(app: Application, ada: Holder) -> None:
    for path in PAGES:
        browser = Browser(app)
        browser.get(path.format(case=open_case_once(app, ada), account=ada.id))
        assert browser.heading == "Sign in to your account"


def open_case_once(app: Application, ada: Holder) -> UUID:
    with unit_of_work(app, OPERATOR) as work:
        found = work.session.scalar(select(SupportCase.id))
    return found or open_case(app, ada.id)


def test_a_reset_takes_two_people_and_a_day(app: Application, ada: Holder, at_desk: Callable[[str], Browser]) -> None:
    support, security = at_desk("support"), at_desk("security")
    look_up(support, ada)
    assert (support.status, support.heading) == (200, "Ada Byron")
    assert ada.secret not in support.text
    assert "1 authenticator app" in support.text
    support.get(support.address.replace("?", "/cases/reset-2fa?"))
    assert support.heading == "Open a case about Ada Byron"
    support.submit({"reason": "", "identity_check": "called back"})
    assert (support.status, support.form.values["identity_check"]) == (422, "called back")
    support.submit(REASONS)
    assert support.heading == "Setting up a new second factor"
    assert "another member of staff has to approve it" in support.text
    case = support.address
    assert f'{case}/approve"' not in support.text
    support.get(f"{case}/approve")  # the page does not help either
    assert "Approve the case about" not in support.heading

    told = mailed(app, "case_asked")
    assert set(told) == {ada.address}

    security.get("/operations/cases")
    assert "1 case" in security.text
    security.get(f"{case}/approve")
    assert (security.heading, "24 hours" in security.text) == ("Approve the case about Ada Byron?", True)
    security.submit()
    assert (security.address, "Waiting time" in security.text) == (case, True)
    assert after(app, hours=23)["carried_out"] == []
    assert len(after(app, hours=24, minutes=1)["carried_out"]) == 1
    assert set(mailed(app, "lost_factor_link")) == {ada.address}
    security.get(case)
    assert "Link sent" in security.text


def test_who_opened_a_case_is_refused_by_name(app: Application, ada: Holder, at_desk: Callable[[str], Browser]) -> None:
    security = at_desk("security")
    look_up(security, ada)
    security.get(security.address.replace("?", "/cases/reset-2fa?"))
    security.submit(REASONS)
    case = security.address
    security.get(f"{case}/close")
    security._send("POST", f"{case}/approve", data={"csrf_token": security.form.values["csrf_token"]})
    assert (security.status, security.heading) == (403, "Somebody else has to approve it")


def test_acts_ask_for_a_fresh_code(app: Application, ada: Holder, at_desk: Callable[[str], Browser]) -> None:
    security = at_desk("security")
    case = open_case(app, ada.id)
    security.get(f"/operations/cases/{case}/approve")
    stale(app, minutes=11)
    answer = security.post()
    assert answer.status_code == 303
    assert "step_up=1" in answer.headers["Location"]
    security.get(f"/operations/cases/{case}/close")
    assert security.heading == "Enter the code from your app"
    security.get(f"/operations/cases/{case}")  # reading does not
    assert security.status == 200
    with unit_of_work(app, OPERATOR) as work:
        assert work.session.get_one(SupportCase, case).state == "waiting_approval"


def stale(app: Application, **span: float) -> None:
    with unit_of_work(app, OPERATOR) as work:
        work.session.execute(update(Session).values(second_factor_at=work.now - timedelta(**span)))


def test_an_account_is_shown_after_a_recorded_look_alone(
    app: Application, ada: Holder, at_desk: Callable[[str], Browser]
) -> None:
    support, security = at_desk("support"), at_desk("security")
    support.get(f"/operations/accounts/{ada.id}")
    assert support.heading == "Find an account"
    seen = look_up(support, ada)
    security.get(seen)  # somebody else's note
    assert security.heading == "Find an account"
    support.get(seen.replace("seen=", "seen=x"))
    assert support.heading == "Find an account"
    with unit_of_work(app, OPERATOR) as work:
        rows = work.session.scalars(select(AuditEvent).where(AuditEvent.name == "account.looked_up")).all()
        assert [(row.subject_id, row.actor_kind) for row in rows] == [(str(ada.id), "account")]


def test_an_address_that_nobody_holds_is_said_to_staff(app: Application, at_desk: Callable[[str], Browser]) -> None:
    support = at_desk("support")
    support.get("/operations/accounts")
    for typed, said in (("nobody@company.example", "No account signs in"), ("nobody", "Write the e-mail address")):
        support.submit({"email": typed})
        assert (support.status, said in support.text, support.form.values["email"]) == (422, True, typed)


def test_a_case_of_nobody_and_one_out_of_sight_look_the_same(
    app: Application, ada: Holder, at_desk: Callable[[str], Browser]
) -> None:
    sharing = open_case(app, ada.id, "sharing")
    support = at_desk("support")
    pages = []
    for key in (sharing, ada.id):
        support.get(f"/operations/cases/{key}")
        pages.append((support.status, support.text.replace(str(key), "")))
    assert pages[0] == pages[1]
    assert pages[0][0] == 404


def test_two_who_close_at_once_are_told(app: Application, ada: Holder, at_desk: Callable[[str], Browser]) -> None:
    case = open_case(app, ada.id)
    one, other = at_desk("support"), at_desk("security")
    for browser in (one, other):
        browser.get(f"/operations/cases/{case}/close")
    one.submit({"reason": "a mistake"})
    assert "a mistake" in one.text
    other.submit({"reason": "another"})
    assert (other.status, "Somebody was faster" in other.text) == (409, True)


def test_an_open_case_and_a_wrong_new_address_are_explained(
    app: Application, ada: Holder, at_desk: Callable[[str], Browser]
) -> None:
    security = at_desk("security")
    look_up(security, ada)
    security.get(security.address.replace("?", "/cases/change-email?"))
    for typed, said in (("nonsense", "Write the e-mail address"), (ada.address, "signs in with now")):
        security.submit(REASONS | {"address": typed})
        assert (security.status, said in security.text, security.form.values["address"]) == (422, True, typed)
    open_case(app, ada.id)
    security.submit(REASONS | {"address": "new@company.example"})
    assert (security.status, "open case about this already" in security.text) == (409, True)


def test_long_lists_are_paged(
    app: Application, make_holder: Callable[..., Holder], at_desk: Callable[[str], Browser]
) -> None:
    for number in range(27):
        open_case(app, make_holder(f"person{number}@company.example", contact=False, kept=False).id, "sharing")
    security = at_desk("security")
    security.get("/operations/cases")
    assert security.text.count('<a class="row"') == 25
    following = security.text.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    security.get(following)
    assert security.text.count('<a class="row"') == 2
    security.get("/operations/cases?after=forged&state=nonsense")
    assert (security.status, security.text.count('<a class="row"')) == (200, 25)


def test_what_the_service_wrote_down_is_said_in_the_language_of_the_reader(
    app: Application, ada: Holder, at_desk: Callable[[str], Browser]
) -> None:
    with unit_of_work(app, OPERATOR) as work:
        address_change.undone(work, {"old": "o@x.example", "new": "n@x.example", "account": str(ada.id), "change": ""})
        erasure.request(work, ada.id)
        cases = dict(work.session.execute(select(SupportCase.kind, SupportCase.id)).all())
    for role, kind, said in (
        ("privacy", "erase", ("à la demande de la personne", "dans la session de la personne elle-même")),
        ("security", "security", ("a été annulé depuis l’ancienne adresse", "lien envoyé à l’ancienne adresse")),
    ):
        browser = at_desk(role)
        browser.client.set_cookie("sesame_lang", "fr")
        browser.get(f"/operations/cases/{cases[kind]}")
        assert (browser.status, [each for each in said if each not in browser.text]) == (200, [])
    with unit_of_work(app, OPERATOR) as work:
        erasure.kept(work, ada.id)
    privacy = at_desk("privacy")
    privacy.get(f"/operations/cases/{cases['erase']}")
    assert "la personne garde le compte" in privacy.text
