"""Recovery codes on the page that shows them once: to print, to download, to copy out.

The text file is a link that holds its own content (RFC 2397), so the codes are not asked for a second time, nothing
keeps them, and it works without JavaScript.
"""

from base64 import b64encode
from datetime import datetime
from typing import Any

from flask_babel import gettext

from idp.core import texts
from idp.web import locale
from idp.work import Work

FILE_NAME = {"fr": "sesame-codes-de-secours.txt", "en": "sesame-recovery-codes.txt"}


def mark(made_at: datetime | None) -> str:
    """Names a set, so that a form that was made for another one is noticed."""
    return made_at.isoformat() if made_at else ""


def context(work: Work, codes: list[str] | None, made_at: datetime | None, address: str) -> dict[str, Any]:
    """What the template `setup/codes.html` asks for."""
    return {
        "codes": codes,
        "shown": mark(made_at),
        "shown_before": made_at is not None and codes is None,
        "count": work.policies.account.backup_code_count,
        "file_url": _file(work, codes, address) if codes else None,
        "file_name": FILE_NAME.get(locale.current(), FILE_NAME["en"]),
        "form": {},  # a code that was typed is not shown again
    }


def _file(work: Work, codes: list[str], address: str) -> str:
    made = texts.write_moment(work.now, locale.current())
    lines = [
        gettext("Recovery codes for Sésame"),
        address,
        gettext("Made: %(time)s", time=made),
        "",
        *(f"{number:2}.  {code}" for number, code in enumerate(codes, 1)),
        "",
        gettext("Each code works once, in place of the code of your phone. Keep this where only you can read it."),
        f"{work.issuer}/sign-in",
        "",
    ]
    content = b64encode("\r\n".join(lines).encode()).decode("ascii")
    return f"data:text/plain;charset=utf-8;base64,{content}"
