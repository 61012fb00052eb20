"""What was typed into a form, taken along when the person is sent to prove a second factor and comes back.

It travels in the address of the form's page, encrypted for this person and this page; nothing is kept here. Passwords,
codes and the anti-forgery token never go along.
"""

import base64
import json
import zlib
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

from flask import g, request
from werkzeug.datastructures import MultiDict

from idp.core.errors import InvalidInput
from idp.web.work import open_work

QUERY = "kept"
KEPT_FOR = timedelta(minutes=20)
LONGEST = 1900  # of the whole address: `continuing.local_path` takes no more than 2,000
_SECRET = ("password", "code", "credential", "csrf_token", "set_locale")


def address(page: str, account_id: UUID) -> str:
    """The address of a page that fills in what this request has posted; of a very long form, without its longest
    fields."""
    sent = request.form.items(multi=True)
    fields = [(name, text) for name, text in sent if not any(each in name for each in _SECRET)]
    while True:
        sealed = urlencode({QUERY: _seal(page.partition("?")[0], account_id, fields)})
        found = f"{page}{'&' if '?' in page else '?'}{sealed}"
        if len(found) <= LONGEST or not fields:
            return found
        fields.remove(max(fields, key=lambda each: len(each[1])))


def fields() -> MultiDict[str, str]:
    """What the person had typed before they were sent to prove a second factor; empty for whoever comes otherwise."""
    if "kept_form" not in g:
        g.kept_form = MultiDict(_unseal(request.args.get(QUERY, ""))) if request.method == "GET" else MultiDict()
    found: MultiDict[str, str] = g.kept_form
    return found


def _place(page: str, account_id: UUID) -> str:
    return f"form:{page}:{account_id}"


def _seal(page: str, account_id: UUID, fields: list[tuple[str, str]]) -> str:
    work = open_work()
    content = zlib.compress(json.dumps([int(work.now.timestamp()), fields], ensure_ascii=False).encode(), 9)
    return base64.urlsafe_b64encode(work.keyring.encrypt(content, _place(page, account_id))).decode().rstrip("=")


def _unseal(sealed: str) -> list[tuple[str, str]]:
    work = open_work()
    if not sealed or work.actor.kind != "account" or work.actor.id is None:
        return []
    try:
        raw = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        content = work.keyring.decrypt(raw, _place(request.path, work.actor.id))
    except (ValueError, InvalidInput):
        return []
    since, fields = json.loads(zlib.decompress(content))
    if work.now.timestamp() - since > KEPT_FOR.total_seconds():
        return []
    return [(str(name), str(text)) for name, text in fields]
