"""Everything that a person may do about their account, one journey after the other, with each secret written down as
it is seen: in mails, in messages, on pages and in cookies."""

import re
from dataclasses import dataclass, field

import pyotp

from idp.outbox.models import LocalMail
from tests.security.pages_seen import Page
from tests.stage import Stage
from tests.web.browser import Browser

PERSON = "hugo.perrin"
CONTACT = "hugo.perrin@perso.example.org"
CHOSEN = ("sept moulins sous la lune 3", "neuf chevaux dans le pré 8")
ELSEWHERE = "hugo@nouvelle-adresse.example"
_TOKEN = re.compile(r"http://localhost/[a-z/-]+/([A-Za-z0-9_-]{22,})")
_CODE = re.compile(r"(?<![\w.:-])\d{6}(?![\w-])")
_RECOVERY = re.compile(r"(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}")
_GROUPS = re.compile(r"\b(?:[A-Z2-7]{4}\s+){7}[A-Z2-7]{4}\b")


@dataclass
class Journey:
    """One person on a stage. `deliver` lets mail arrive.

    Attributes:
        secrets: by what they are, all that nobody else may read; at least eight letters each.
        codes: six digits each.
    """

    stage: Stage
    deliver: object
    secrets: dict[str, str] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)
    read: set[object] = field(default_factory=set)
    browser: Browser = field(init=False)

    def __post_init__(self) -> None:
        self.browser = self.stage.browser()
        self.person = self.stage.person(PERSON)
        self.password, self.app = self.person.password, self.person.secret
        self.keep("password", self.password)
        self.keep("app", self.app)

    def keep(self, what: str, value: str) -> None:
        self.secrets[f"{what} {len(self.secrets)}"] = value

    # --- reading ---

    def mail(self, path: str = "") -> str:
        """Let mail arrive; answers the last link to this path, or the last code."""
        self.deliver(self.stage)  # type: ignore[operator]
        found = ""
        with self.stage.work(write=False) as work:
            for letter in work.session.query(LocalMail).order_by(LocalMail.id):
                if letter.id in self.read:
                    continue
                self.read.add(letter.id)
                for token in _TOKEN.findall(letter.text_body):
                    self.keep("link", token)
                codes = _CODE.findall(letter.text_body)
                self.codes.update(codes)
                if letter.recipient not in (self.person.address, CONTACT, ELSEWHERE):
                    continue
                links = (
                    re.findall(rf"http://localhost({re.escape(path)}[\w-]{{22,}})", letter.text_body) if path else codes
                )
                found = links[-1] if links else found
        assert found, (path, self.browser.text[:500])
        return found

    def see(self) -> list[str]:
        """Note what the page shows once: recovery codes, the secret of an app, cookies."""
        text = re.sub(r"<[^>]+>", " ", self.browser.text)
        for shown in _GROUPS.findall(text):
            self.app = "".join(shown.split())
            self.keep("app", self.app)
        codes = _RECOVERY.findall(text)
        for code in codes:
            self.keep("recovery code", code)
            self.keep("recovery code", code.replace("-", ""))
        for name in ("sesame_session", "sesame_device", "sesame_sign_in", "sesame_passkey"):
            if value := self.browser.cookie(name):
                self.secrets[f"cookie {value[:6]}"] = value
        return codes

    # --- doing ---

    def send(self, field_name: str = "", **values: str) -> None:
        """Send the form of this page that has this field."""
        for form in Page(self.browser.text).forms:
            if form.method == "POST" and (not field_name or field_name in form.controls):
                given = {name: control.values[0] for name, control in form.controls.items() if control.values}
                target = form.action or self.browser.address
                answer = self.browser.client.post(
                    target, data={**given, **values}, headers=self.browser.headers,
                    environ_overrides={"REMOTE_ADDR": self.browser.network},
                )  # fmt: skip
                self.browser.answer, self.browser.address = answer, target
                self.browser._follow(answer)
                self.see()
                return
        raise AssertionError((field_name, self.browser.address, self.browser.text[:800]))

    def code(self) -> str:
        self.stage.forget_steps(PERSON)
        code = pyotp.TOTP(self.app).now()
        self.codes.add(code)
        return code

    def sign_in(self, address: str = "") -> None:
        self.browser = self.stage.browser()
        self.browser.get("/sign-in?continue_to=/account")
        self.send("password", email=address or self.person.address, password=self.password)
        self.see()
        self.send("code", code=self.code())
        assert self.browser.address == "/account", (self.browser.address, self.browser.text[:500])

    def lost_phone(self) -> None:
        """Password, a code to the contact, a link to the mailbox, the password again, a new app, new codes."""
        self.browser = self.stage.browser()
        self.browser.get("/sign-in?continue_to=/account")
        self.send("password", email=self.person.address, password=self.password)
        self.browser.get("/sign-in/lost-phone")
        self.send("contact")
        self.send("code", code=self.mail())
        self.browser.get(self.mail("/lost-factor/"))
        self.send()
        self.send("password", password=self.password)
        self.see()
        self.send("code", code=pyotp.TOTP(self.app).now())
        self.keep_codes()

    def keep_codes(self) -> None:
        self.send()
        codes = self.see()
        self.send("code", code=codes[0])

    def change_address(self) -> None:
        self.sign_in()
        self.browser.get("/account/email/change")
        self.send("email", email=ELSEWHERE, email_again=ELSEWHERE)
        self.send("code", code=self.mail())
        self.browser.get(self.mail("/email-change/undo/"))
        self.send()
        self.send("code", code=self.code())
        self.password = CHOSEN[0]
        self.keep("password", self.password)
        self.send("password_again", password=self.password, password_again=self.password)

    def change_password(self) -> None:
        self.sign_in()
        self.browser.get("/account/password")
        before, self.password = self.password, CHOSEN[1]
        self.keep("password", self.password)
        self.send("present_password", present_password=before, password=self.password, password_again=self.password)
        assert self.browser.address.startswith("/account/password/done"), self.browser.text[:800]

    def make_codes(self) -> None:
        self.sign_in()
        self.browser.get("/account/authenticators/recovery-codes")
        self.keep_codes()

    def lost_everything(self) -> None:
        self.browser = self.stage.browser()
        self.browser.get("/recovery")
        self.send("email", email=self.person.address)
        self.browser.get(self.mail("/recovery/"))
        self.send()

    def all(self) -> None:
        self.lost_phone()
        self.change_address()
        self.change_password()
        self.make_codes()
        self.lost_everything()
