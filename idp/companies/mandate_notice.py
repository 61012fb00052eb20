"""What the two sides of a mandate are written, each reader in their own language."""

from typing import Any

from idp.accounts import profile
from idp.companies import mandate_parties, mandate_scope
from idp.companies.models import FirmInvitation, Mandate
from idp.outbox import queue as outbox
from idp.policy import label_for
from idp.policy.agreements import WayStep
from idp.work import Work

COMPANY_SEES = "company.mandates.confirm"
FIRM_SEES = "practice.mandates.accept"


def company_page(mandate: Mandate) -> str:
    """Where the company sees this mandate."""
    return f"/companies/{mandate.company_id}/accountants/{mandate.id}"


def firm_page(mandate: Mandate) -> str:
    """Where the firm sees this mandate."""
    return f"/companies/{mandate.firm_id}/mandates/{mandate.id}"


def waiting(work: Work, mandate: Mandate) -> None:
    """Write to the side that is to answer. A firm's request leads a company to the list of its accountants (MAN-08)."""
    company, firm = mandate_parties.names(work, mandate.company_id, mandate.firm_id)
    invited = mandate.state == "invited"
    finish: WayStep = work.policies.ways[mandate.way].finish
    asked = mandate.firm_id if invited else mandate.company_id
    path = firm_page(mandate) if invited else f"/companies/{mandate.company_id}/accountants"
    expires = mandate.created_at + work.policies.mandates.invitation_lifetime
    for each in mandate_parties.responsible(work, asked, finish.permission):
        outbox.mail(
            work, each.address, template(work, mandate, "waiting"), locale=each.locale, name=each.name,
            company=company, firm=firm, side="firm" if invited else "company", by=_actor(work),
            scope=scope_label(work, mandate, each.locale), expires=expires.isoformat(), path=path,
            **ending(work, mandate),
        )  # fmt: skip


def tell(
    work: Work,
    mandate: Mandate,
    news: str,
    *,
    to_company: bool = True,
    to_firm: bool = True,
    by_firm: bool | None = None,
) -> None:
    """Write to the sides what has happened to a mandate.

    Args:
        news: `confirmed`, `refused`, `withdrawn`, `expired`, `changed`, `handed_over`, `ended`, `over` (by its date),
            `ends_soon`, `renews_soon` or `renewed`.
        by_firm: who ended or refused it; None where it is nobody's act.
    """
    company, firm = mandate_parties.names(work, mandate.company_id, mandate.firm_id)
    turn = mandate.until_at or mandate.renews_at
    for wanted, side, key, permission, path in (
        (to_company, "company", mandate.company_id, COMPANY_SEES, company_page(mandate)),
        (to_firm, "firm", mandate.firm_id, FIRM_SEES, firm_page(mandate)),
    ):
        for each in mandate_parties.responsible(work, key, permission) if wanted else ():
            outbox.mail(
                work, each.address, template(work, mandate, "news"), locale=each.locale, name=each.name,
                company=company, firm=firm, side=side, news=news, path=path,
                scope=scope_label(work, mandate, each.locale),
                by={True: "firm", False: "company", None: ""}[by_firm],
                **(ending(work, mandate) | {"effective": turn.isoformat() if turn is not None else ""}),
            )  # fmt: skip


def firm_declined(work: Work, invitation: FirmInvitation) -> None:
    """Tell the company that the accountant it invited will not create a firm here."""
    (company,) = mandate_parties.names(work, invitation.company_id)
    for each in mandate_parties.responsible(work, invitation.company_id, COMPANY_SEES):
        outbox.mail(
            work, each.address, template(work, invitation, "news"), locale=each.locale, name=each.name,
            company=company, firm=invitation.address, side="company", news="declined", by="firm",
            scope=scope_label(work, invitation, each.locale), path=f"/companies/{invitation.company_id}/accountants",
            **ending(work, invitation),
        )  # fmt: skip


def template(work: Work, mandate: Mandate | FirmInvitation, about: str) -> str:
    """The mail about a mandate, or the one in the words of temporary support, which is no accountant's work."""
    return f"{'support' if temporary(work, mandate) else 'mandate'}_{about}"


def temporary(work: Work, mandate: Mandate | FirmInvitation) -> bool:
    """Whether it is for support, and ends by itself."""
    return mandate_scope.longest(work.policies, mandate.preset) is not None


def ending(work: Work, mandate: Mandate | FirmInvitation) -> dict[str, Any]:
    """What the mails about temporary support say of its end; nothing for others."""
    days = mandate_scope.longest(work.policies, mandate.preset)
    if days is None:
        return {}
    return {"days": days, "effective": mandate.until_at.isoformat() if mandate.until_at is not None else ""}


def scope_label(work: Work, mandate: Mandate | FirmInvitation, locale: str) -> str:
    """The preset and its options in words."""
    policies = work.policies
    entries = [policies.presets.get(mandate.preset), *(policies.options.get(each) for each in mandate.options)]
    words = " + ".join(label_for(each.label, locale) for each in entries if each is not None)
    return words or mandate.preset


def _actor(work: Work) -> str:
    if work.actor.kind != "account" or work.actor.id is None:
        return ""
    return profile.get(work, work.actor.id).display_name
