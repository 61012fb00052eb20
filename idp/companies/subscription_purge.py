"""What goes when the time of an ended product is over: roles, roles of the company's own, and mandates. Accounts stay.

Rows are ended and not removed: they are the company's history.
"""

from uuid import UUID

from sqlalchemy import exists, select, update

from idp.companies import clock, mandate_history, period
from idp.companies.models import Assignment, CustomRole, Mandate, ProductRole, SubscribedProduct
from idp.work import Work

_OPEN = ("invited", "requested", "active", "suspended")


def erase(work: Work, company_id: UUID, product: str) -> None:
    """End all that gave access to this product of this company. With its last product, mandates end as a whole; those
    that a firm holds end with the product that runs the firm."""
    own = {"synchronize_session": False}
    roles = (ProductRole.company_id == company_id, ProductRole.product == product, ProductRole.ended_at.is_(None))
    work.session.execute(update(ProductRole).where(*roles).values(ended_at=work.now), execution_options=own)
    given = select(Mandate.id).where(Mandate.company_id == company_id)
    work.session.execute(
        update(Assignment)
        .where(Assignment.mandate_id.in_(given), Assignment.product == product, Assignment.ended_at.is_(None))
        .values(ended_at=work.now),
        execution_options=own,
    )
    custom = (CustomRole.company_id == company_id, CustomRole.product == product, CustomRole.deleted_at.is_(None))
    work.session.execute(update(CustomRole).where(*custom).values(deleted_at=work.now), execution_options=own)
    period.end_custom_roles(work, company_id, product)
    if work.policies.products[product].firm_only:
        _end_mandates(work, Mandate.firm_id == company_id)
    elif not _others(work, company_id, product):
        _end_mandates(work, Mandate.company_id == company_id)
    work.session.expire_all()


def _others(work: Work, company_id: UUID, product: str) -> bool:
    """Whether the company has another product whose rights are still there."""
    gone = [each.id for each in work.policies.states.values() if each.refused and not each.keep_access_rights_days]
    s = SubscribedProduct
    there = exists().where(s.company_id == company_id, s.product != product, s.state.not_in(gone))
    return bool(work.session.scalar(select(there)))


def _end_mandates(work: Work, whose: object) -> None:
    over = select(Mandate.id).where(whose, Mandate.state.in_(_OPEN))  # type: ignore[arg-type]
    for key in work.session.scalars(over).all():
        mandate_history.close(work, key)
    work.session.execute(
        update(Mandate)
        .where(whose, Mandate.state.in_(_OPEN))  # type: ignore[arg-type]
        .values(state="ended", ended_at=work.now, epoch=clock.tick(work)),
        execution_options={"synchronize_session": False},
    )
