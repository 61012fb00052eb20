"""A value a browser had before a proof is worth nothing after it (R-46)."""

from tests.stage import Stage
from tests.web.browser import Browser

COOKIES = ("sesame_session", "sesame_sign_in", "sesame_form", "sesame_device")


def planted(stage: Stage, values: dict[str, str]) -> Browser:
    browser = stage.browser()
    for name, value in values.items():
        browser.client.set_cookie(name, value, path="/", httponly=True, samesite="Lax")
    return browser


def test_every_value_changes_on_the_way_in(own_stage: Stage) -> None:
    person, browser = own_stage.person("ines.moreau"), own_stage.browser()
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": person.address, "password": "not the right one"})
    refused = browser.cookie("sesame_sign_in")
    browser.submit({"email": person.address, "password": person.password})
    proved = browser.cookie("sesame_sign_in")
    form = browser.cookie("sesame_form")
    assert proved not in (None, refused)
    browser.submit({"code": person.code()})
    assert browser.address == "/account"
    assert browser.cookie("sesame_session") not in (None, proved, refused)
    assert browser.cookie("sesame_sign_in") is None
    assert browser.cookie("sesame_form") != form

    for old in (refused, proved):
        assert old is not None
        thief = planted(own_stage, {"sesame_sign_in": old, "sesame_session": old})
        thief.get("/account")
        assert thief.address.startswith("/sign-in"), "an old value opens nothing"
        thief.get("/sign-in/code")
        assert thief.status == 410


def test_an_attempt_planted_by_an_attacker_does_not_follow_the_victim(own_stage: Stage) -> None:
    """The attacker knows the attempt the victim begins with; after the password it is another one."""
    person, attacker = own_stage.person("ines.moreau"), own_stage.browser()
    attacker.get("/sign-in?continue_to=/account")
    attacker.submit({"email": "nobody@company.example", "password": "a wrong password"})
    known = attacker.cookie("sesame_sign_in")
    assert known is not None
    victim = planted(own_stage, {"sesame_sign_in": known})
    victim.get("/sign-in?continue_to=/account")
    victim.submit({"email": person.address, "password": person.password})
    assert victim.address.startswith("/sign-in/code")
    attacker.get("/sign-in/code")
    assert attacker.status == 410 or attacker.address.startswith("/sign-in?"), attacker.address
    victim.submit({"code": person.code()})
    assert victim.address == "/account"
    attacker.get("/account")
    assert attacker.address.startswith("/sign-in")


def test_a_session_value_of_ones_own_making_is_no_session(own_stage: Stage) -> None:
    for value in ("x", "a" * 43, "0" * 1000, "é", "' OR 1=1 --"):
        browser = own_stage.browser()
        browser.client.set_cookie("sesame_session", value.encode("ascii", "ignore").decode() or "y", path="/")
        browser.get("/account")
        assert browser.address.startswith("/sign-in")


def test_a_new_sign_in_never_takes_a_planted_session(own_stage: Stage) -> None:
    planted_value = "A" * 43
    browser = planted(own_stage, {"sesame_session": planted_value})
    own_stage.sign_in("ines.moreau", browser)
    assert browser.cookie("sesame_session") not in (None, planted_value)


def test_proving_again_changes_the_session_value(own_stage: Stage) -> None:
    browser = own_stage.sign_in("ines.moreau")
    before = browser.cookie("sesame_session")
    assert before is not None
    person = own_stage.person("ines.moreau")
    own_stage.forget_steps("ines.moreau")
    browser.get("/sign-in?reauthenticate=1&continue_to=/account")
    browser.submit({"email": person.address, "password": person.password})
    browser.submit({"code": person.code()})
    assert browser.address == "/account", browser.text[:300]
    assert browser.cookie("sesame_session") not in (None, before)
    old = planted(own_stage, {"sesame_session": before})
    old.get("/account")
    assert old.address.startswith("/sign-in")


def test_a_session_that_was_ended_opens_nothing(own_stage: Stage) -> None:
    browser = own_stage.sign_in("ines.moreau")
    value = browser.cookie("sesame_session")
    assert value is not None
    browser.get("/sign-out")
    browser.submit()
    thief = planted(own_stage, {"sesame_session": value})
    thief.get("/account")
    assert thief.address.startswith("/sign-in")
    assert own_stage.party("demo-accounting").ask(thief, prompt="none")["error"] == "login_required"


def test_no_state_but_the_last_yields_a_code(own_stage: Stage) -> None:
    """R-13: from every partial state, the authorization endpoint gives nothing."""
    books, person, browser = own_stage.party("demo-accounting"), own_stage.person("ines.moreau"), own_stage.browser()
    assert books.ask(browser, prompt="none")["error"] == "login_required"
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": person.address, "password": person.password})
    assert books.ask(browser, prompt="none")["error"] == "login_required"
    for path in ("/account", "/", "/companies/choose?request=x", "/sign-in/second-factor", "/sign-in/keep-account"):
        browser.get(path)
        assert browser.cookie("sesame_session") is None
        assert person.address not in browser.text or browser.address.startswith("/sign-in")
    for path in ("/sign-in/second-factor", "/sign-in/keep-account", "/reset/new-password", "/sign-in/recovery-code"):
        answer = browser.client.post(path, data={"code": "", "decision": "keep"}, headers=browser.headers)
        assert answer.status_code < 500
        assert browser.cookie("sesame_session") is None
    assert books.ask(browser, prompt="none")["error"] == "login_required"
