"""What another role of a colleague at clients adds and takes away, and at how many of them, before it is saved.

The page that saves asks for the `key` of what was shown: a form that nobody has seen the difference of, or of which the
difference is another one by now, is shown instead.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from idp.companies import assignment, client_list, preview, proposal
from idp.companies.client_list import Filter, Phase
from idp.companies.colleague_list import Held
from idp.companies.colleague_role import Offer
from idp.companies.errors import NotCovered, NotSubscribed, RoleNotOffered
from idp.companies.models import CustomRole
from idp.companies.preview import Preview
from idp.companies.proposal import Choice
from idp.web import firm_words, locale, role_words
from idp.web.pages.company_area import Area


@dataclass(frozen=True, slots=True)
class Part:
    """One change of a role.

    Attributes:
        was, becomes: the roles in words.
        clients: names of those that it concerns; none when the page is about one, or about all of them.
    """

    was: str
    becomes: str
    before: Preview
    after: Preview
    clients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Review:
    """What is about to be saved.

    Attributes:
        fields: the form, to be sent again.
        about: context of the template that is particular to the page.
        facts: what becomes what, beside the role.
        saves: whether there is anything to save.
        state: what else the difference depends on.
    """

    area: Area
    parts: Sequence[Part]
    fields: Sequence[tuple[str, str]]
    about: Mapping[str, Any]
    facts: Sequence[tuple[str, str, str]] = ()
    saves: bool = True
    state: object = field(default=None)

    @property
    def key(self) -> str:
        """What stands for this difference, and for nothing else."""
        shown = [(each.was, each.before.permissions, each.after.permissions, each.clients) for each in self.parts]
        return sha256(repr((self.fields, shown, self.state)).encode()).hexdigest()[:40]

    def seen(self, act: str, seen: str) -> bool:
        """Whether the form is to be saved, by somebody who was shown this."""
        return self.saves and act == "save" and seen == self.key

    def page(self, act: str) -> Response:
        """The difference, with the button that saves it; asked to save, it says that something changed meanwhile."""
        meanwhile = act == "save" and bool(request.form.get("seen"))
        usual = {
            "client": "", "everywhere": None, "others": (), "note": "", "gives": False,
            "verb": gettext("Save the change"),
        }  # fmt: skip
        return self.area.page(
            "firm/review.html",
            409 if meanwhile else 200,
            **{**usual, **self.about},
            alone=not self.about.get("client"),
            facts=self.facts,
            parts=[_shown(self.area, each) for each in self.parts],
            saves=self.saves,
            meanwhile=meanwhile,
            fields=[*self.fields, ("seen", self.key)],
        )


def of_one(
    area: Area, held: Held, choice: Choice, asked: tuple[str, str], part: Part, speaks: str, about: Mapping[str, Any]
) -> Review:
    """The review of another role, another language, or both, for what is held already.

    Args:
        asked: role and language as the form has them.
        speaks: the language of the colleague, which is the usual one.
    """
    role, tongue = asked
    other_role = choice != choice_of(held)
    before = held.locale or ""
    return Review(
        area,
        [part] if other_role else [],
        [("role", role), ("locale", tongue)],
        about,
        language(firm_words.languages(area.work, speaks), before, tongue),
        saves=other_role or tongue != before,
    )


def alone(area: Area, product: str, choice: Choice | None) -> Preview:
    """What a role holds by itself; nothing for none, and for one that is there no more."""
    policies = area.work.policies
    if choice is None:
        return preview.nothing(policies, product, locale.current())
    try:
        return preview.of(policies, proposal.alone(area.work, area.company_id, product, choice), locale.current())
    except RoleNotOffered:
        return preview.nothing(policies, product, locale.current())


def there(area: Area, client_id: UUID, product: str, choice: Choice) -> Preview:
    """What a role comes to at a client; nothing where the product is not open, and for a role that is no more."""
    policies = area.work.policies
    try:
        grant = proposal.at_client(area.work, area.company_id, client_id, product, choice)
    except (NotCovered, NotSubscribed, RoleNotOffered):
        return preview.nothing(policies, product, locale.current())
    return preview.of(policies, grant, locale.current())


def concerned(area: Area, account_id: UUID, product: str) -> int:
    """At how many clients what is given to a colleague for every client counts now: what was given by name comes first,
    but for products that say otherwise."""
    given: tuple[UUID | None, ...] = ()
    if not area.work.policies.products[product].rules.account_scope_wins:
        rows = assignment.of_colleague(area.work, area.company_id, account_id)
        given = tuple(each.client_id for each in rows if each.product == product and each.ended_at is None)
    wanted = Filter(product=product, phase=Phase.ACTIVE)
    return client_list.count(area.work, area.company_id, wanted, besides=[each for each in given if each])


def choice_of(held: Held) -> Choice:
    return Choice(held.role, held.custom_role_id)


def named(held: Held) -> str:
    return firm_words.role(held.role_labels, own=held.own)


def all_first(held: Held) -> str:
    """Why nothing changes where a role that was given for every client comes first."""
    return str(gettext("What was given for every client counts first in this product: %(role)s.", role=named(held)))


def labelled(area: Area, choice: Choice) -> str:
    """A role in words, one that is no longer offered too."""
    if choice.custom_role_id is not None:
        own = area.work.session.scalar(
            select(CustomRole).where(CustomRole.id == choice.custom_role_id, CustomRole.company_id == area.company_id)
        )
        return firm_words.role(own.labels if own is not None else {}, own=True)
    role = area.work.policies.roles.get(choice.role_id or "")
    return firm_words.role(role.label if role is not None else {}, own=False)


def offered(offers: Sequence[Offer], value: str) -> str:
    """The role that a form names, in words."""
    return next((each["label"] for each in firm_words.offered(offers) if each["value"] == value), "")


def language(languages: Iterable[Mapping[str, str]], before: str | None, after: str) -> list[tuple[str, str, str]]:
    """The language of the messages, where it becomes another one; without one before, where one is chosen."""
    labels = {each["value"]: each["label"] for each in languages}
    if after == (before or ""):
        return []
    return [
        (
            gettext("Language of our message and of the product"),
            labels.get(before, "") if before is not None else "",
            labels[after],
        )
    ]


def _shown(area: Area, part: Part) -> dict[str, Any]:
    difference = preview.difference(area.work.policies, part.before, part.after)
    return {
        "was": part.was,
        "becomes": part.becomes,
        "clients": part.clients,
        "change": role_words.changes(difference) if difference else None,
        "preview": role_words.shown(part.after),
    }
