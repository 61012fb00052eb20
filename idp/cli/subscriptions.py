"""`idp subscriptions`: how the subscriptions of a company stand, and what an operator records about them."""

from datetime import date, datetime
from typing import Any

import click

from idp.cli.context import Output, members_of, operating, verb
from idp.core.errors import NotFound
from idp.work import Work


@click.group()
def subscriptions() -> None:
    """Subscriptions of companies."""


def _company(work: Work, reference: str) -> Any:
    from idp.companies import company

    found = company.find(work, reference)
    if found is None:
        raise NotFound(kind="company")
    return found.id


@verb(subscriptions, "show")
@click.argument("company")
def show(out: Output, company: str) -> None:
    """Show the contract of COMPANY (its reference), its products, and what it has asked of billing."""
    from idp.companies import subscription_view

    with operating(write=False) as work:
        seen = subscription_view.overview(work, _company(work, company))
        products = [members_of(each, "seats", "cancels") for each in seen.products]
        requests = [
            {"id": str(each.id), "kind": each.kind, "plan": each.plan, "seats": each.seats, "product": each.product}
            for each in seen.requests
            if each.closed_at is None
        ]
    terms = members_of(seen.terms) if seen.terms else {}
    if out.as_json:
        out.result({**terms, "next_renewal": seen.next_renewal, "products": products, "requests": requests})
        return
    out.record({**terms, "next_renewal": seen.next_renewal})
    out.table(products, ["product", "state", "since", "until", "suspends", "kept"], empty="No product.")
    out.table(requests, ["id", "kind", "plan", "seats", "product"], empty="Nothing asked.")


@verb(subscriptions, "cancel")
@click.argument("company")
@click.argument("product")
@click.option(
    "--on", "day", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The last day, on the customers' clock."
)
@click.option("--reason", required=True, help="As the company gave it.")
def cancel(out: Output, company: str, product: str, day: datetime, reason: str) -> None:
    """Record that COMPANY has cancelled PRODUCT by another way, with the date that was agreed. A trial ends at once."""
    from idp.companies import cancellation, renewal

    with operating() as work:
        ends = renewal.end_of(date(day.year, day.month, day.day))
        (row,) = cancellation.record(work, _company(work, company), [product], ends_at=ends, reason=reason)
        done = {"product": row.product, "state": row.state, "until": row.until_at, "kept": row.kept_until_at}
    out.result(done, f"{row.product} is recorded as cancelled ({done['state']}).")


@verb(subscriptions, "resume")
@click.argument("company")
@click.argument("product")
def resume(out: Output, company: str, product: str) -> None:
    """Record that COMPANY keeps PRODUCT, or comes back to it while its rights are kept."""
    from idp.companies import cancellation

    with operating() as work:
        (row,) = cancellation.record_resumed(work, _company(work, company), [product])
        done = {"product": row.product, "state": row.state}
    out.result(done, f"{done['product']} goes on ({done['state']}).")


@verb(subscriptions, "due")
def due(out: Output) -> None:
    """Write down what time has done to subscriptions, as the outbox worker does once a minute."""
    from idp.companies import subscription_due

    with operating(write=False) as work:
        number = subscription_due.carry_out(work)
    out.result({"companies": number}, f"{number} companies.")
