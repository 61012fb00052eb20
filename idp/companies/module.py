"""Which applications of a product are activated at a company: the product says so; only these have a switch (EMP-12).

An application is an area that has a switch. What is activated is a setting of the product, which shows nothing of an
application that is not; here it decides which switches are offered, and takes no right from anybody
(docs/decisions/0014). Until a product has said anything, all of its applications count as activated.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from idp.audit import log
from idp.companies import tables
from idp.companies.models import Company, SubscribedProduct
from idp.core.errors import InvalidInput, NotFound
from idp.policy.catalogue import Product
from idp.work import Work


@dataclass(frozen=True, slots=True)
class Modules:
    """The applications of one product at one company, in the order of the catalogue."""

    on: tuple[str, ...]
    off: tuple[str, ...]


def off(work: Work, company_id: UUID) -> dict[str, frozenset[str]]:
    """The applications that are not activated, by product; products of which all are do not occur. One statement."""
    s = tables.subscribed_products.c
    rows = work.session.execute(select(s.product, s.modules_off).where(s.company_id == company_id))
    return {row.product: frozenset(row.modules_off) for row in rows if row.modules_off}


def off_in(work: Work, company_id: UUID, product: str) -> frozenset[str]:
    """Those of one product."""
    return off(work, company_id).get(product, frozenset())


def of_product(work: Work, company_id: UUID, product: str) -> Modules:
    """How the applications of a product stand. Who may ask is for the caller.

    Raises:
        NotFound: there is no such company, or it does not subscribe to the product.
    """
    row = _subscribed(work, company_id, product)
    return _shown(work.policies.products[product], row.modules_off)


def tell(work: Work, company_id: UUID, product: str, on: Collection[str]) -> Modules:
    """Note which applications are activated now; all others are not. Who may say so is for the caller: the product
    itself, or an operator.

    Nobody's switches are changed: an application that is activated again finds them as they were.

    Raises:
        NotFound: there is no such company, or it does not subscribe to the product.
        InvalidInput: one of them is no application of the product; `field="on"`.
    """
    work.write()
    row = _subscribed(work, company_id, product, lock=True)
    policy = work.policies.products[product]
    known = _applications(policy)
    unknown = sorted(set(on) - set(known))
    if unknown:
        raise InvalidInput(field="on", unknown=unknown)
    before = _shown(policy, row.modules_off)
    left = sorted(set(known) - set(on))
    if left != sorted(before.off):
        row.modules_off = left
        work.session.flush()
        now = _shown(policy, left)
        log.record(
            work, "company.modules_changed", ("company", company_id), company_id=company_id, product=product,
            before={"modules": list(before.on)}, after={"modules": list(now.on)},
        )  # fmt: skip
    return _shown(policy, left)


def _applications(product: Product) -> tuple[str, ...]:
    return tuple(each.id for each in product.areas.values() if each.switch)


def _shown(product: Product, left: Collection[str]) -> Modules:
    every = _applications(product)
    return Modules(tuple(each for each in every if each not in left), tuple(each for each in every if each in left))


def _subscribed(work: Work, company_id: UUID, product: str, *, lock: bool = False) -> SubscribedProduct:
    s = SubscribedProduct
    query = (
        select(s)
        .join(Company, Company.id == s.company_id)
        .where(s.company_id == company_id, s.product == product, Company.closed_at.is_(None))
    )
    if lock:
        query = query.with_for_update(of=s).execution_options(populate_existing=True)
    found = work.session.scalar(query)
    if found is None or product not in work.policies.products:
        raise NotFound(kind="company")
    return found
