"""Names of a person's companies are no passwords, wherever one is chosen, and the reason is told (R-03)."""

from idp.authn import activation, reset
from idp.cli import demo_data
from idp.companies import holdings
from idp.outbox.models import OutboxMessage
from idp.outbox.queue import open_payload
from tests.stage import Stage, demonstration, stage  # noqa: F401
from tests.web.browser import Browser

LIKE_THE_COMPANY = "AtelierLumen2026"
TOLD = "resembles your name, your address, your company or a product"


def refused(browser: Browser, **more: str) -> None:
    browser.submit({"password": LIKE_THE_COMPANY, "password_again": LIKE_THE_COMPANY, **more})
    assert (browser.status, TOLD in browser.text) == (422, True), browser.text[:1500]


def english(browser: Browser) -> Browser:
    browser.client.set_cookie("sesame_lang", "en")
    return browser


def test_at_a_change(stage: Stage) -> None:  # noqa: F811
    browser = english(stage.sign_in("hugo.perrin"))
    browser.get("/account/password")
    refused(browser, present_password=stage.person("hugo.perrin").password)


def test_after_a_reset_link(stage: Stage) -> None:  # noqa: F811
    thomas = stage.person("thomas.lefevre")
    with stage.work() as work:
        assert reset.send(work, thomas.address)
    with stage.work(write=False) as work:
        mails = work.session.query(OutboxMessage).filter_by(kind="mail", name="password_reset").all()
        path = open_payload(work, mails[-1])["variables"]["path"]
    browser = english(stage.browser())
    browser.get(path)
    browser.submit()
    stage.forget_steps("thomas.lefevre")
    browser.submit({"code": thomas.code()})
    assert browser.address.startswith("/reset/new-password"), browser.text[:800]
    refused(browser)


def test_at_an_activation_by_the_company_that_invites(stage: Stage) -> None:  # noqa: F811
    address = demo_data.address_of(stage.settings.policies_dir, "lea.marchand")
    with stage.work() as work:
        assert holdings.inviting_names(work, address) == ("Atelier Lumen SARL",)
        token = activation.invite(work, address=address, locale="en-GB")
    browser = english(stage.browser())
    browser.get(f"/activation/{token}/details")
    refused(browser, given_name="Léa", family_name="Marchand", personal="yes")
