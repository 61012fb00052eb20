"""From a template and its variables to a mail: subject, text part, HTML part, headers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from idp.core.texts import catalogue, language_of, write_moment

TEMPLATES = Path(__file__).resolve().parent / "templates"
CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")  # whatever could end a line, or hide in one
PLAIN = str.maketrans({"’": "'"})  # the alphabet of text messages (GSM 03.38) has no other apostrophe
INSTANTS = frozenset({"effective", "expires", "when"})  # given as ISO 8601, told in the reader's words


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail in its reader's language, ready for any way of delivery."""

    recipient: str
    locale: str
    subject: str
    text: str
    html: str


@cache
def _environment(language: str) -> Environment:
    """Templates with the texts of one language. HTML is escaped; a variable that is missing is a mistake."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"], default=False),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]
    return environment


def render(template: str, content: Mapping[str, Any], issuer: str) -> Rendered:
    """Write a mail for its reader.

    Args:
        template: name of a pair of files in `templates/`.
        content: `recipient`, `locale` and `variables`, as `queue.mail` put them in the outbox.
        issuer: the public address of this service; the variable `path` becomes `link` below it, so that no link is ever
            built from what a request said its host was.
    """
    locale = str(content["locale"])
    variables = {name: _clean(name, value, locale) for name, value in content["variables"].items()}
    path = variables.pop("path", None)
    if path is not None:
        variables["link"] = issuer + path if path.startswith("/") else f"{issuer}/{path}"
    variables["locale"] = locale if locale.startswith(language_of(locale)) else language_of(locale)  # of the texts
    environment = _environment(language_of(locale))
    head, _, body = environment.get_template(f"{template}.txt").render(variables).lstrip().partition("\n")
    return Rendered(
        recipient=str(content["recipient"]),
        locale=locale,
        subject=CONTROL.sub(" ", head).strip(),
        text=re.sub(r"\n{3,}", "\n\n", body).strip() + "\n",
        html=environment.get_template(f"{template}.html").render(variables).strip() + "\n",
    )


def render_text_message(template: str, content: Mapping[str, Any]) -> tuple[str, str]:
    """The number and the text of a message; `content` as `queue.sms` put it in the outbox."""
    locale = str(content["locale"])
    variables = {name: _clean(name, value, locale) for name, value in content["variables"].items()}
    environment = _environment(language_of(locale))
    text = environment.get_template(f"sms/{template}.txt").render(variables, locale=locale)
    return str(content["recipient"]), " ".join(text.split()).translate(PLAIN)


def _clean(name: str, value: Any, locale: str) -> Any:
    """A variable as templates may have it: each text on one line, and an instant in the reader's words."""
    if isinstance(value, list):
        return [_clean(name, each, locale) for each in value]
    if isinstance(value, dict):
        return {key: _clean(key, each, locale) for key, each in value.items()}
    if not isinstance(value, str):
        return value
    if name in INSTANTS:
        try:
            return write_moment(datetime.fromisoformat(value), locale)
        except ValueError:
            pass  # already a text
    return CONTROL.sub(" ", value)


def message(mail: Rendered, *, sender: str, issuer: str, identifier: UUID, now: datetime) -> EmailMessage:
    """The message (RFC 5322) of a mail.

    Args:
        sender: who it is from, such as `Sésame <no-reply@example.com>`.
        identifier: of the outbox row. A second delivery of the same row has the same Message-ID, so that a mail server
            or reader that has both can tell.
    """
    made = EmailMessage(policy=SMTP)
    made["From"] = _mailbox(sender)
    made["To"] = _mailbox(mail.recipient)
    made["Subject"] = mail.subject
    made["Date"] = format_datetime(now)
    made["Message-ID"] = f"<{identifier}@{urlsplit(issuer).hostname}>"
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: no holiday notice shall answer
    made.set_content(mail.text)
    made.add_alternative(mail.html, subtype="html")
    made["Content-Language"] = mail.locale  # last: setting the content removes what is said of it
    return made


def _mailbox(value: str) -> Address:
    """A name and address, its domain in the form that every mail server takes (RFC 5890 A-labels).

    Raises:
        ValueError: not an address.
    """
    name, address = parseaddr(CONTROL.sub("", value))
    local, at, domain = address.rpartition("@")
    if not local or not at or not domain:
        raise ValueError("not a mail address")
    return Address(display_name=name, username=local, domain=domain.encode("idna").decode("ascii"))
