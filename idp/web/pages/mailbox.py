"""The local mailbox: mail that has nowhere to go on a development machine.

The application registers these pages in development mode only, which listens on a loopback address only; a request
that comes from elsewhere all the same finds nothing here.
"""

import re
from urllib.parse import urlsplit
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from idp.core import texts
from idp.core.errors import NotFound
from idp.core.settings import LOOPBACK
from idp.outbox import mailbox
from idp.outbox.models import LocalMail
from idp.web import locale
from idp.web.headers import Page
from idp.web.render import page
from idp.web.work import open_work, parts

blueprint = Blueprint("pages_mailbox", __name__)

PAGE_SIZE = 20
_LINK = re.compile(r"https?://[^\s<>\"]+")
# A mail's own style, no script, no form, no request; on an origin of its own.
_LETTER_POLICY = (
    "sandbox allow-top-navigation-by-user-activation allow-popups; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@blueprint.before_request
def only_at_home() -> None:
    """Nobody but this machine."""
    if request.remote_addr not in LOOPBACK:
        raise NotFound(kind="page")


@blueprint.get("/dev/mailbox")
def letters() -> ResponseReturnValue:
    """All mails, newest first. Query: `page`."""
    work = open_work()
    total = mailbox.count(work)
    asked = request.args.get("page", "1")
    number = min(int(asked), 10_000) if asked.isascii() and asked.isdigit() and len(asked) <= 5 else 1
    skip = (max(number, 1) - 1) * PAGE_SIZE
    mails = [
        {"subject": mail.subject, "recipient": mail.recipient, "sent": _when(mail), "url": f"/dev/mailbox/{mail.id}"}
        for mail in mailbox.newest(work, skip=skip, limit=PAGE_SIZE)
    ]
    pages = None
    if total > PAGE_SIZE:
        pages = {
            "first": skip + 1,
            "last": skip + len(mails),
            "total": total,
            "previous_url": f"/dev/mailbox?page={number - 1}" if skip else None,
            "next_url": f"/dev/mailbox?page={number + 1}" if skip + len(mails) < total else None,
        }
    return page("dev/mailbox.html", mails=mails, pages=pages)


@blueprint.get("/dev/mailbox/<uuid:mail_id>")
def letter(mail_id: UUID) -> ResponseReturnValue:
    """One mail: its text and its links."""
    mail = mailbox.get(open_work(), mail_id)
    shown = {
        "subject": mail.subject,
        "sender": parts().settings.sms_sender if mail.recipient.startswith("+") else parts().settings.mail_from,
        "recipient": mail.recipient,
        "sent": _when(mail),
        "text": mail.text_body,
        "links": list(dict.fromkeys(_links(mail.text_body))),
    }
    html_url = f"/dev/mailbox/{mail.id}/html" if mail.html_body else None
    return page("dev/mail.html", mail=shown, html_url=html_url, back_url="/dev/mailbox")


@blueprint.get("/dev/mailbox/<uuid:mail_id>/html")
def letter_as_sent(mail_id: UUID) -> ResponseReturnValue:
    """The HTML part on its own."""
    answer = Page(mailbox.get(open_work(), mail_id).html_body, mimetype="text/html")
    answer.policy = _LETTER_POLICY
    return answer


def _links(text: str) -> list[str]:
    found = (link.rstrip(".,;:!?)") for link in _LINK.findall(text))
    return [link for link in found if urlsplit(link).hostname]


def _when(mail: LocalMail) -> str:
    return texts.write_moment(mail.sent_at, locale.current())
