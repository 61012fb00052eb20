"""Making pages: the frame's context, the person in the session."""

import hashlib
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from flask import current_app, g
from flask_babel import gettext
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response

from idp.accounts import email_address
from idp.authn import session, sharing
from idp.authn.session import Current
from idp.companies.own_companies import OwnCompany
from idp.core import texts
from idp.core.errors import NotAuthenticated
from idp.web import company_menu, cookies, forms, locale, phrases
from idp.web.company_menu import Menu
from idp.web.headers import Page
from idp.web.work import act_as, open_work
from idp.work import Actor, Work

LANGUAGE_KEPT = timedelta(days=365)


class _Shown(NamedTuple):
    """What the components see of the page that is being made; None where it has nothing by this name."""

    account: Any
    area: Any
    form: Any
    journey: Any
    problems: Any
    product: Any


_SHOWN: ContextVar[_Shown] = ContextVar("page")


@dataclass(frozen=True)
class ProductView:
    """A product as pages show it: its name in the page's language, its accent and its two-letter mark."""

    name: str
    accent: str

    @property
    def mark(self) -> str:
        return self.name[:2].capitalize()


class Person:
    """The signed-in person as the frame shows them; the address is read only by a page that needs it."""

    def __init__(self, work: Work, current: Current, present: OwnCompany | None = None) -> None:
        self._work, self._current, self._present = work, current, present

    @property
    def display_name(self) -> str:
        return self._current.display_name

    @cached_property
    def email(self) -> str:
        return email_address.primary_address(self._work, self._current.account_id).address

    @cached_property
    def sharing_noticed(self) -> bool:
        """Whether there is a notice about sharing to be read; only then the navigation leads to it."""
        return sharing.told(self._work, self._current.account_id) is not None

    @cached_property
    def menu(self) -> Menu | None:
        """The companies of the person, for the menu at the top of the page; None for somebody without any."""
        return company_menu.menu(self._work, self._current.account_id, self._present)


def page(
    template: str,
    status: int = 200,
    *,
    problems: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    form_targets: Iterable[str] = (),
    **context: Any,
) -> Page:
    """An answer made from a template.

    Args:
        problems: by field, what is wrong; with any, the status is 422 unless another one is given.
        form: values of the fields; by default what this request posted, passwords left out.
        form_targets: origins at which a form of this page may end, outside this service.
        context: what the template's first line asks for.
    """
    environment = phrases.environment(current_app, locale.current())
    problems = dict(problems or {})
    shown = {"product": None, "account": None, "sign_out_url": "/sign-out", **context, "problems": problems}
    shown["form"] = forms.typed() if form is None else form
    shown["ui"] = environment.get_template("macros.html").module  # made once, and kept
    _SHOWN.set(_Shown(*map(shown.get, _Shown._fields)))
    body = environment.get_template(template).render(shown)
    answer = Page(body, status=422 if problems and status == 200 else status, mimetype="text/html")
    answer.form_targets = tuple(form_targets)
    remember_language(answer)
    return answer


def remember_language(answer: Response) -> None:
    """Keep the language that this request asked for."""
    if (chosen := locale.chosen()) is not None:
        cookies.put(answer, cookies.LANGUAGE, chosen, expires=datetime.now(UTC) + LANGUAGE_KEPT)


def static(name: str) -> str:
    """Address of a static file, with its content's digest, so that browsers may keep it for good."""
    return f"/static/{name}?v={_version(str(current_app.static_folder), name)}"


GLOBALS = {
    "locales": [{"code": code, "name": name} for code, name in locale.NAMES.items()],
    "static": static,
    **{name: LocalProxy(_SHOWN, name) for name in _Shown._fields},
}
"""What every template finds, its components too."""


@cache
def _version(folder: str, name: str) -> str:
    return hashlib.sha256((Path(folder) / name).read_bytes()).hexdigest()[:12]


def current_session() -> Current | None:
    """The live session of this browser, or None. From here on the person is the actor of the request's work.

    A view that writes opens its work for writing first.
    """
    if "session" not in g:
        token = cookies.get(cookies.SESSION)
        work = open_work()
        found = session.find(work, token) if token else None
        if found is not None:
            session.touch(work, found)
            act_as(work, Actor(kind="account", id=found.account_id, session_id=found.session_id))
            locale.suggest(found.locale)
        g.session = found
    current: Current | None = g.session
    return current


def signed_in() -> Current:
    """The live session of this browser.

    Raises:
        NotAuthenticated: there is none; the page becomes a redirect to sign-in and back.
    """
    current = current_session()
    if current is None:
        raise NotAuthenticated
    return current


def person(current: Current, present: OwnCompany | None = None) -> Person:
    """The signed-in person, for the frame of a page (`account`); `present` is the company that the page is about."""
    return Person(open_work(), current, present)


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant as pages show it: in a few words, and in full for who wants to know (`ui.moment`)."""

    iso: str
    short: str
    full: str


def moment(instant: datetime) -> Moment:
    """An instant in the page's language, on the clock of the customers: `yesterday at 18:04`, and its full date."""
    language = locale.current()
    zone = ZoneInfo(texts.ZONE)
    days = (open_work().now.astimezone(zone).date() - instant.astimezone(zone).date()).days
    time = texts.write_time(instant, language)
    full = texts.write_moment(instant, language)
    if days == 0:
        short = gettext("today at %(time)s", time=time)
    elif days == 1:
        short = gettext("yesterday at %(time)s", time=time)
    else:
        short = gettext("%(date)s at %(time)s", date=texts.write_day(instant, language), time=time)
    return Moment(instant.isoformat(), short, full)


def day(moment: datetime) -> str:
    """A date in full, in the page's language."""
    return texts.write_day(moment, locale.current())
