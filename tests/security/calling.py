"""How each route of the application is called, and what is typed into each field, by somebody who tries everything.

Nothing here is told which routes there are: they come from the application. What is not known here (a parameter of a
path, a name in a query, a field of a form) makes the search stop with a sentence that says what to add, so that no
new route stays outside of it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice, product
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, get_args, get_origin
from uuid import uuid4

import pyotp
from werkzeug.routing import Rule

from idp.core.settings import ROOT
from idp.web import forms
from tests.authn.authenticator import Authenticator
from tests.security.victim import ADDRESS, ORIGIN, PHONE, Message

OWN_ADDRESS = "mallory@elsewhere.example"
OWN_PHONE = "+33639980099"
CHOSEN = "sept moulins sous la lune 3"  # what an attacker would set as the new password
NOT_A_TOKEN = "x" * 43
MOST_FILLINGS = 8

_LINK = re.compile(r"http://localhost(/[^\s<>\"'\\]+)")
_CODE = re.compile(r"(?<![\w-])(\d{6})(?![\w-])")
_SECRET = re.compile(r"(?:[A-Z2-7]{4}[ \n]?(?:</?[a-z]+>|<wbr>|\s)*){8}")
_RECOVERY = re.compile(r"(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22,}")


class Unknown(AssertionError):
    """The search met something that it does not know how to use."""


@dataclass(frozen=True)
class Knowledge:
    """What an attacker holds, and has learnt on the way."""

    mailbox: frozenset[str] = frozenset()  # recipients whose messages they read
    passwords: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()  # of authenticator apps
    recovery_codes: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    options: str = ""  # what an authenticator was last asked to sign or to make
    ids: dict[str, list[str]] = field(default_factory=dict, compare=False, hash=False)

    def reading(self, messages: list[Message]) -> "Knowledge":
        """With the messages that came to a mailbox or phone of theirs; the newest is tried first."""
        known = self
        for message in messages:
            if message.recipient.casefold() in self.mailbox or message.recipient in self.mailbox:
                links = tuple(link.rstrip(".,;:!?)") for link in _LINK.findall(message.text))
                codes = tuple(_CODE.findall(message.text))
                known = replace(known, links=_fresh(links, known.links)[:12], codes=_fresh(codes, known.codes)[:3])
        return known

    def seeing(self, page: str) -> "Knowledge":
        """With what a page shows: the secret of an app to link, new recovery codes."""
        shown = page.replace("<wbr>", "")
        secrets = tuple(
            found
            for each in _SECRET.findall(re.sub(r"<(?!wbr)[^>]*>", " ", shown))
            if len(found := "".join(each.split())) == 32
        )
        codes = tuple(_RECOVERY.findall(shown))
        if not secrets and not codes:
            return self
        return replace(
            self,
            secrets=_fresh(secrets, self.secrets)[:3],
            recovery_codes=_fresh(codes, self.recovery_codes)[:3],
        )

    @property
    def tokens(self) -> list[str]:
        """Of every link, for every route that takes one: a link must not serve another purpose."""
        return [part for link in self.links for part in _TOKEN.findall(link)]

    @property
    def flags(self) -> tuple[bool, bool]:
        """What of it makes another state; what came by message is in the database too."""
        return bool(self.secrets), bool(self.recovery_codes)

    def signed(self) -> list[str]:
        """Answers of an authenticator of their own to what was asked last."""
        if not self.options:
            return ["{}"]
        key = Authenticator(ORIGIN)
        return [key.create(self.options) if '"user"' in self.options else key.get(self.options)]


def _fresh(new: tuple[str, ...], old: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*reversed(new), *old)))


# --- paths ---

# A parameter that is a key: the tables whose keys are tried.
KEYS = {
    "device_id": ("trusted_devices",),
    "session_id": ("sessions",),
    "contact_id": ("recovery_contacts",),
    "passkey_id": ("passkeys",),
    "authenticator_id": ("totp_authenticators",),
    "key": ("passkeys", "totp_authenticators", "sessions", "trusted_devices"),
    "case_id": ("support_cases",),
    "trusted_id": ("trusted_devices",),
    "account_id": ("accounts",),
    "request_id": ("colleague_requests",),
    "contact": ("recovery_contacts",),
    "company_id": ("companies",),
    "firm_id": ("companies",),
    "application_id": ("clients",),
    "assignment_id": ("assignments",),
    "group_id": ("client_groups",),
    "listed_id": ("first_users",),
    "role_id": ("custom_roles",),
    "asked_id": ("subscription_requests",),
    "invitation_id": ("invitations",),
    "received_id": ("mandates",),
    "wish_id": ("mandate_requests",),
    "mandate_id": ("mandates",),
    "invited_id": ("firm_invitations",),
    "sent_id": ("mandate_requests",),
    "successor": ("mandates",),
}
PLAIN = {
    "filename": ["style.css"], "name": ["access-token"], "set_id": ["x"], "client_id": ["x"],
    "kind": ["reset-2fa", "reset-all", "change-email"], "product": ["accounting"],
    "role": ["accounting.reader"], "user_code": ["WDJB-MJHT"],
}  # fmt: skip
# Read no cookie and know no person: called once, not from every state.
MACHINES = re.compile(
    r"/static/|/healthz|/readyz|/\.well-known/|/schemas/|/oauth/(?!authorize/continue|logout)|/permission-sets/|/me/"
    r"|/api/|/billing/events|/modules/"
)
# Know a person by their session alone, and what they belong to, which is nothing: called once for each kind of session.
COMPANIES = re.compile(r"/companies/<uuid:(?:company|firm)_id>")
# What a page may be asked for in its query, beyond where to go on.
QUERIES = {"step_up": ["1"], "reauthenticate": ["1"]}
# These say where to go on, what to show, or are carried by links that are followed.
HARMLESS_QUERIES = {
    "continue_to", "login_hint", "ui_locales", "page", "request", "lang", "q", "search", "after", "state", "done",
    "seen", "before", "replaces", "left", "product", "role", "saved", "create",
    "client", "date", "deleted", "from", "group", "in", "kept", "new", "permission", "time",
    "device", "user_code", "client_id", "astray",
}  # fmt: skip


def paths(rule: Rule, known: Knowledge) -> list[str]:
    """The addresses at which this route is called."""
    choices: list[list[str]] = []
    names = sorted(rule.arguments)
    for name in names:
        if name == "token":
            choices.append([*list(dict.fromkeys(known.tokens))[:3], NOT_A_TOKEN])
        elif name in KEYS:
            choices.append([key for table in KEYS[name] for key in known.ids.get(table, [])] or [str(uuid4())])
        elif name in PLAIN and f"<uuid:{name}>" not in rule.rule:
            choices.append(PLAIN[name])
        elif name in PLAIN:  # a company by the name that applications go by elsewhere
            choices.append([str(uuid4())])
        else:
            raise Unknown(f"{rule.rule}: say in tests/security/calling.py what to put for <{name}>")
    found = []
    for values in product(*choices):
        path = rule.rule
        for name, value in zip(names, values, strict=True):
            path = re.sub(rf"<(?:[a-z]+(?:\([^)]*\))?:)?{name}>", value, path)
        assert "<" not in path, path
        found.append(path)
    return found


def queries_read(folder: Path = ROOT / "idp" / "web") -> set[str]:
    """Every name that a page reads from its query."""
    reads = re.compile(r"""request\.args(?:\.get\(|\.getlist\(|\[)\s*"(\w+)\"""")
    return {name for path in folder.rglob("*.py") for name in reads.findall(path.read_text("utf-8"))}


def check_queries() -> None:
    unknown = queries_read() - set(QUERIES) - HARMLESS_QUERIES
    if unknown:
        raise Unknown(f"tests/security/calling.py does not know what to ask pages for in {sorted(unknown)}")


# --- forms ---


def fills(name: str, known: Knowledge, offered: str = "") -> list[str]:
    """What to type into a field of this name; `offered` is what the page has put there."""
    if name in FIXED:
        return list(FIXED[name])
    if name in ("password", "present_password"):
        return [*known.passwords, CHOSEN]
    if name == "credential":
        return known.signed()
    if name in ("password_again", "new_password", "new_password_again"):
        return [CHOSEN]
    if name in ("code", "recovery_code"):
        now = [pyotp.TOTP(secret).now() for secret in known.secrets]
        return [*now, *known.codes, *known.recovery_codes[:2], "000000"][:5]
    if name in KEYS:
        return [key for table in KEYS[name] for key in known.ids.get(table, [])] or [offered or str(uuid4())]
    raise Unknown(f"say in tests/security/calling.py what to type into a field named {name!r}")


FIXED: dict[str, tuple[str, ...]] = {
    "email": (ADDRESS, OWN_ADDRESS),
    "email_again": (OWN_ADDRESS,),
    "address": (OWN_ADDRESS,),
    "new_address": (OWN_ADDRESS,),
    "phone": (OWN_PHONE, PHONE),
    "number": (OWN_PHONE,),
    "value": (OWN_ADDRESS, OWN_PHONE),
    "kind": ("email", "phone"),
    "given_name": ("Mallory",),
    "family_name": ("M",),
    "name": ("a name",),
    "locale": ("en-GB",),
    "trust": ("yes",),
    "personal": ("yes",),
    "understood": ("yes",),
    "kept": ("yes",),
    "sure": ("yes",),
    "decision": ("keep", "leave", "allow", "deny", "later", "lost"),
    "answer": ("me", "not_me", "shared"),
    "outcome": ("accepted", "declined"),
    "recovery_contact": (OWN_ADDRESS, OWN_PHONE),
    "identity_check": ("seen",),
    "shown": ("",),
    "sealed": ("x",),
    "company": ("x",),
    "search": ("",),
    "after": ("",),
    "continue_to": ("/",),
    "set_locale": ("fr",),
    "reason": ("I have lost everything",),
    "text": ("some words",),
    "role": ("accounting.reader",),
    "company_role": ("company.member",),
    "also": ("company.auditor",),
    "service": ("mobile-data",),
    "switch": ("invoices",),
    "limit": ("no-deletion",),
    "until": ("",),
    "seen": ("",),
    "extra_cost": ("yes",),
    "show": ("accounting",),
    "file": ("",),
    "people": ("e-mail\nzoe@example.test",),
    "result": ("Line\n1",),
    "confirmed": ("yes",),
    "product": ("accounting",),
    "picked": ("x",),
    "groups": ("x",),
    "message": ("some words",),
    "request": ("x",),
    "act": ("add", "remove"),
    "afterwards": ("company.administrator",),
    "replace": ("yes",),
    "software": ("yes",),
    "trusted": ("yes",),
    "where": ("here",),
    "since": ("",),
    "city": ("Nantes",),
    "country": ("FR",),
    "person": ("x",),
    "labels": ("x",),
    "permission": ("accounting.journals.view",),
    "levels": ("view",),
    "was": ("none",),
    "action": ("save",),
    "step": ("save",),
    "plan": ("team",),
    "seats": ("5",),
    "exported": ("yes",),
    "preset": ("full-file",),
    "option": ("payroll",),
    "starts": ("",),
    "ends": ("open", "on"),
    "firm": ("",),
    "day": ("2031-03-31",),
    "user_code": ("WDJB-MJHT",),
}
# The envelope of every form: sent as the page has it.
GIVEN = {"csrf_token"}


def of_module(module: ModuleType | None) -> list[type[forms.Form]]:
    """The shapes of forms that the views of a module may read."""
    return (
        [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, forms.Form) and value is not forms.Form
        ]
        if module
        else []
    )


def bodies(shape: type[forms.Form], known: Knowledge) -> Iterator[dict[str, str]]:
    """Fillings of a form that no page has shown."""
    names = list(shape.model_fields)
    return _fillings(names, [(allowed(shape, name) or fills(name, known))[:3] for name in names])


def allowed(shape: type[forms.Form], name: str) -> list[str]:
    """The values of a field that takes no others."""
    annotation = shape.model_fields[name].annotation
    choices = [annotation, *get_args(annotation)]
    return [str(value) for each in choices if get_origin(each) is Literal for value in get_args(each)]


def _fillings(names: list[str], choices: list[list[str]]) -> Iterator[dict[str, str]]:
    for values in islice(product(*choices), MOST_FILLINGS):
        yield dict(zip(names, values, strict=True))


@dataclass
class Control:
    """A field of a page: `values` is what it offers, and nothing where one types."""

    name: str
    kind: str
    values: list[str]


@dataclass
class PageForm:
    """A form as the page shows it."""

    method: str
    action: str
    controls: dict[str, Control] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    @property
    def shape(self) -> tuple[Any, ...]:
        return self.method, self.action, tuple(sorted(self.controls)), tuple(self.buttons)

    def fillings(self, known: Knowledge) -> Iterator[dict[str, str]]:
        names, choices = [], []
        for control in self.controls.values():
            names.append(control.name)
            choices.append(self._choices(control, known))
        pressed = [*self.buttons] or [("", "")]
        for values in islice(_fillings(names, choices), MOST_FILLINGS):
            for name, value in pressed:
                yield {**values, name: value} if name else values

    @staticmethod
    def _choices(control: Control, known: Knowledge) -> list[str]:
        if control.kind in ("hidden", "checkbox", "radio", "select", "submit"):
            return control.values[:4] or [""]
        return fills(control.name, known, control.values[0] if control.values else "")
