"""Explanations in words: the reason from the closed list, the chain, and what would turn the answer, by whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from idp.companies.explanation import Cause, Explanation, Link
from idp.companies.models import CustomRole
from idp.companies.remedy import Act, Step
from idp.core import texts
from idp.policy.catalogue import Policies
from idp.policy.models import label_for
from idp.work import Work


def _l(text: str) -> str:
    """Marks a text for the catalogues; it is looked up when it is said."""
    return text


REASONS: Mapping[Cause, str] = {
    Cause.ALLOWED: _l("Everything needed is there."),
    Cause.ACCOUNT_BLOCKED: _l("The account is blocked."),
    Cause.COMPANY_CLOSED: _l("The company is closed."),
    Cause.COMPANY_SUSPENDED: _l("Our staff have suspended the company."),
    Cause.NOT_A_MEMBER: _l("The person belongs neither to the company nor to a firm that works for it."),
    Cause.MEMBERSHIP_SUSPENDED: _l("An administrator has suspended the person."),
    Cause.NOT_SUBSCRIBED: _l("The company does not subscribe to this product."),
    Cause.SUBSCRIPTION_ENDED: _l("The subscription to this product has ended."),
    Cause.NO_ROLE: _l("The person has no role in this product."),
    Cause.ROLE_EXPIRED: _l("The person’s role was given for a time that is over."),
    Cause.MANDATE_OVER: _l("No mandate is running between the firm and the company."),
    Cause.NEEDS_FIRM_ROLE: _l("The person has no role in the running of the firm."),
    Cause.NOT_ASSIGNED: _l("The firm has not given this product of this client to the person."),
    Cause.NOT_COVERED: _l("The mandate does not open this product."),
    Cause.NOT_IN_ROLE: _l("The role does not include this."),
    Cause.SWITCHED_OFF: _l("This area is switched off for the person."),
    Cause.NEVER: _l("A custom role can never include this."),
    Cause.PRACTICE_ONLY: _l("This exists only on a firm’s own account."),
    Cause.MANDATE_NEVER: _l("No mandate ever opens this."),
    Cause.MANDATE: _l("The mandate does not cover this."),
    Cause.RESTRICTION: _l("A limit set for the person forbids this."),
    Cause.SERVICE: _l("This needs a connected service that is not switched on."),
    Cause.SUBSCRIPTION: _l("The state of the subscription does not allow this."),
    Cause.FIRM_SUBSCRIPTION: _l("The state of the firm’s own subscription does not allow this."),
}

ACTS: Mapping[Act, str] = {
    Act.UNBLOCK: _l("Unblock the account: by a new password, or by our staff where they blocked it."),
    Act.REOPEN: _l("Let our staff reopen the company."),
    Act.INVITE: _l("Invite the person with the role “%(role)s”."),
    Act.RESUME: _l("Take back the suspension."),
    Act.GIVE_ROLE: _l("Give the role “%(role)s” in %(product)s."),
    Act.CHANGE_ROLE: _l("Change the role in %(product)s to “%(role)s”."),
    Act.CHANGE_COMPANY_ROLE: _l("Change the role in the company to “%(role)s”."),
    Act.BUILD_ROLE: _l("Create a custom role with “%(permission)s”, and give it."),
    Act.ACTIVATE: _l("Activate the application “%(area)s” in %(product)s: its switch appears then."),
    Act.SWITCH_ON: _l("Switch on the area “%(area)s” for the person."),
    Act.LIFT_RESTRICTION: _l("Lift the limit “%(restriction)s”."),
    Act.SERVICE_ON: _l("Switch on the service “%(service)s” for the company."),
    Act.PERSON_SERVICE_ON: _l("Switch on the service “%(service)s” for the person."),
    Act.SUBSCRIBE: _l("Subscribe to %(product)s."),
    Act.CHANGE_PLAN: _l("Change to the plan “%(plan)s”, which has %(product)s."),
    Act.ORDER_SEAT: _l("Order one more seat for %(product)s, charged beside the plan."),
    Act.LARGER_PLAN: _l("Change to the plan “%(plan)s”, which has more seats."),
    Act.FREE_SEAT: _l("Free a seat of %(product)s: all that the plan has are taken."),
    Act.RESUBSCRIBE: _l("Subscribe to %(product)s again."),
    Act.SETTLE: _l("Pay what is owed for %(product)s."),
    Act.GIVE_MANDATE: _l("Give the firm a mandate again: %(preset)s."),
    Act.CONFIRM_MANDATE: _l("Confirm the mandate that waits for an answer."),
    Act.WIDEN_MANDATE: _l("Widen the mandate to: %(preset)s."),
    Act.ASSIGN: _l("Give the person this client in %(product)s, with the role “%(role)s”."),
    Act.CHANGE_ASSIGNMENT: _l("Change the person’s role at this client in %(product)s to “%(role)s”."),
    Act.GIVE_FIRM_ROLE: _l("Give the person the role “%(role)s” in the running of the firm."),
    Act.SETTLE_FIRM: _l("Let the firm’s own subscription run again."),
}

_LINKS: Mapping[tuple[str, bool], str] = {
    ("account", True): _l("The account is active."),
    ("account", False): _l("The account is blocked."),
    ("membership", True): _l("Belongs to the company: %(role)s."),
    ("membership", False): _l("Is not, or not now, one of the company’s own people."),
    ("mandate", True): _l("Mandate of %(firm)s: %(preset)s."),
    ("mandate", False): _l("The mandate of %(firm)s is not running."),
    ("firm_role", True): _l("Role in the firm: %(role)s."),
    ("firm_role", False): _l("No role in the firm that holds now."),
    ("firm_subscription", True): _l("The firm’s own subscription: %(state)s."),
    ("firm_subscription", False): _l("The firm’s own subscription is not active."),
    ("ceiling", True): _l("Ceiling of the mandate: %(roles)s."),
    ("ceiling", False): _l("The mandate opens nothing in this product."),
    ("assignment", True): _l("Given by the firm: %(role)s."),
    ("assignment", False): _l("Not given by the firm."),
    ("role", True): _l("Role: %(role)s."),
    ("role", False): _l("No role in this product."),
    ("subscription", True): _l("Subscription: %(state)s."),
    ("subscription", False): _l("No subscription that lets anything through."),
    ("permission", True): _l("Permission: %(permission)s."),
    ("permission", False): _l("Without the permission: %(permission)s."),
}


@dataclass(frozen=True, slots=True)
class SaidStep:
    """An act in words, and who may do it; `by` is empty where nobody in the company or firm can."""

    text: str
    by: str
    firm: bool


@dataclass(frozen=True, slots=True)
class Said:
    """An explanation in words.

    Attributes:
        chain: each link with whether it holds.
        steps: what would turn the answer; None where nothing would.
    """

    reason: str
    chain: tuple[tuple[bool, str], ...]
    steps: tuple[SaidStep, ...] | None


def say(work: Work, explanation: Explanation, locale: str) -> Said:
    """Put an explanation in words, in French or English."""
    words = _Words(work, locale)
    steps = None if explanation.change is None else tuple(words.step(step) for step in explanation.change)
    return Said(
        reason=words.text(REASONS[explanation.cause]),
        chain=tuple((link.holds, words.link(link)) for link in explanation.chain),
        steps=steps,
    )


class _Words:
    def __init__(self, work: Work, locale: str) -> None:
        self._work, self._locale = work, locale
        self._catalogue = texts.catalogue(texts.language_of(locale))

    @property
    def _policies(self) -> Policies:
        return self._work.policies

    def text(self, text: str, **values: str) -> str:
        return str(self._catalogue.gettext(text)) % values if values else str(self._catalogue.gettext(text))

    def _label(self, labels: Mapping[str, str] | None, otherwise: str = "") -> str:
        return label_for(labels, self._locale) if labels else otherwise

    def step(self, step: Step) -> SaidStep:
        values = {name: self._subject(name, value, step.what.get("product", "")) for name, value in step.what.items()}
        if "company_role" in values:
            values["role"] = values.pop("company_role")
        if "custom_role" in values:
            values["role"] = values.pop("custom_role")
        if values.get("options"):
            values["preset"] = f"{values['preset']}, {values['options']}"
        roles = self._policies.roles
        by = texts.write_list([self._label(roles[each].label) for each in step.by if each in roles], self._locale)
        return SaidStep(self.text(ACTS[step.act], **values), by, step.firm)

    def _subject(self, name: str, value: str, product: str) -> str:
        """What an id is called; areas and limits are named within their product."""
        policies = self._policies
        known: Mapping[str, Mapping[str, Any]] = {
            "role": policies.roles, "company_role": policies.roles, "product": policies.products,
            "service": policies.services, "plan": policies.plans, "preset": policies.presets,
            "permission": policies.permissions,
        }  # fmt: skip
        if name in known and value in known[name]:
            return self._label(known[name][value].label, value)
        if name == "options":
            return ", ".join(self._label(policies.options[each].label) for each in value.split(",") if each)
        if name == "custom_role":
            labels = self._work.session.scalar(select(CustomRole.labels).where(CustomRole.id == UUID(value)))
            return self._label(labels, value)
        within = policies.products.get(product)
        if within is not None and name == "area" and value in within.areas:
            return self._label(within.areas[value].label)
        if within is not None and name == "restriction" and value in within.restrictions:
            return self._label(within.restrictions[value].label)
        return value

    def link(self, link: Link) -> str:
        facts = link.facts
        if link.kind == "ceiling":
            roles = texts.write_list([self._label(each) for each in facts["labels"]], self._locale)
            return self.text(_LINKS[link.kind, link.holds], roles=roles)
        called = self._label(facts.get("labels"))
        if facts.get("revision"):
            called = self.text(_l("%(role)s (revision %(number)s)"), role=called, number=str(facts["revision"]))
        if link.kind == "permission" and not link.holds and not called:
            return self.text(_l("No permission in this product."))
        state = self._policies.states.get(facts.get("state") or "")
        preset = self._policies.presets.get(facts.get("preset") or "")
        return self.text(
            _LINKS[link.kind, link.holds],
            role=called,
            firm=str(facts.get("firm", "")),
            preset=self._label(preset.label if preset is not None else None),
            state=self._label(state.label if state is not None else None),
            permission=called or self._count(facts.get("count", 0)),
        )

    def _count(self, count: int) -> str:
        found = self._catalogue.ngettext("%(num)s permission", "%(num)s permissions", count)
        return str(found) % {"num": count}
