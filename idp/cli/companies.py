"""`idp companies`: customers, from their order on."""

from typing import Any

import click
from sqlalchemy import select

from idp.accounts import email_address
from idp.cli.context import Output, operating, settings, verb
from idp.companies import company, company_suspension, module, onboarding, ownership, subscription, takeover
from idp.companies.models import Company, Onboarding, SubscribedProduct
from idp.companies.onboarding import Order
from idp.core.errors import InvalidInput, NotFound
from idp.work import Work

COLUMNS = ("reference", "name", "kind", "city", "country", "plan", "seats", "owner", "created_at")


@click.group()
def companies() -> None:
    """Customers: take an order in, write to the owner to be, look up."""


@verb(companies, "create")
@click.argument("reference")
@click.option("--name", required=True, help="What people see.")
@click.option("--owner", "address", required=True, metavar="EMAIL", help="Who is to own the company; gets the mail.")
@click.option("--plan", required=True, help="A plan of subscriptions.yaml.")
@click.option(
    "--product",
    "products",
    multiple=True,
    metavar="PRODUCT[:STATE]",
    help="A product of the plan and how it begins: trial or active (the default). Repeated; by default all, active.",
)
@click.option("--seats", type=click.IntRange(1), help="Per product; by default those the plan includes.")
@click.option("--kind", type=click.Choice(["company", "firm"]), default="company", show_default=True)
@click.option("--country", default="FR", show_default=True, help="Two capital letters (ISO 3166-1).")
@click.option("--city", default="", help="Where it is.")
@click.option("--locale", default="fr-FR", show_default=True, help="Its language, in which the owner is written to.")
def create(out: Output, reference: str, products: tuple[str, ...], plan: str, **values: Any) -> None:
    """Take in an order under REFERENCE: company, subscription, and a mail with one link to its owner to be."""
    with operating() as work:
        begins = _products(work, plan, products)
        made = onboarding.order(work, Order(reference=reference, plan=plan, products=begins, **values))
        told = _told(work, made)
    where = "by mail" if settings().smtp_host else f"to the local mailbox, {settings().issuer}/dev/mailbox"
    out.result(told, f"{told['name']} is there; the link for {values['address']} leaves {where} with the outbox.")


@verb(companies, "list")
@click.option("--search", default="", help="Part of a name or a reference.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
def list_(out: Output, search: str, limit: int) -> None:
    """List companies by name."""
    query = select(Company).where(Company.closed_at.is_(None)).order_by(Company.name, Company.id).limit(limit)
    if search:
        query = query.where(
            Company.name.icontains(search, autoescape=True) | Company.reference.icontains(search, autoescape=True)
        )
    with operating(write=False) as work:
        rows = [_told(work, each) for each in work.session.scalars(query)]
    out.table(rows, COLUMNS, empty="No company.")


@verb(companies, "show")
@click.argument("reference")
def show(out: Output, reference: str) -> None:
    """Show the company REFERENCE: its contract, and whether its owner has come."""
    with operating(write=False) as work:
        out.record(_told(work, _company(work, reference)))


@verb(companies, "invite-owner")
@click.argument("reference")
def invite_owner(out: Output, reference: str) -> None:
    """Mail the owner to be of REFERENCE a new link; earlier mails are void."""
    with operating() as work:
        onboarding.invite_owner(work, _company(work, reference).id)
    out.result({"reference": reference}, "A new link leaves with the outbox.")


@verb(companies, "hand-over")
@click.argument("reference")
def hand_over(out: Output, reference: str) -> None:
    """A link into the first steps of REFERENCE, for a customer to whom no mail came: works once, for some minutes."""
    with operating() as work:
        token = onboarding.hand_over(work, _company(work, reference).id)
        minutes = int(work.policies.account.order_page_lifetime.total_seconds() // 60)
    url = f"{settings().issuer}/get-started/{token}"
    out.result({"reference": reference, "url": url, "minutes": minutes}, f"For {minutes} minutes, once: {url}")


@verb(companies, "offer-ownership")
@click.argument("reference")
@click.argument("email")
def offer_ownership(out: Output, reference: str, email: str) -> None:
    """Offer REFERENCE to EMAIL, one of its people, in the place of an owner who cannot sign in any more."""
    with operating() as work:
        heir = email_address.find_account(work, email_address.canonical(email))
        if heir is None:
            raise NotFound(kind="account")
        ownership.offer(work, _company(work, reference).id, heir.id, afterwards="leave")
    out.result(
        {"reference": reference, "email": email}, f"{email} is asked by mail; nothing changes before they accept."
    )


@verb(companies, "suspend")
@click.argument("reference")
@click.option("--reason", required=True, help="Kept in the log, which the company can read too.")
def suspend(out: Output, reference: str, reason: str) -> None:
    """Stop REFERENCE for the time being: nobody reaches anything there, firms with a mandate included."""
    with operating() as work:
        company_suspension.suspend(work, _company(work, reference).id, reason)
    out.result({"reference": reference, "standing": "suspended"}, f"{reference} is suspended; its products are told.")


@verb(companies, "reopen")
@click.argument("reference")
def reopen(out: Output, reference: str) -> None:
    """Let REFERENCE, which was suspended, go on with everything that it had."""
    with operating() as work:
        company_suspension.reopen(work, _company(work, reference).id)
    out.result({"reference": reference, "standing": "open"}, f"{reference} is open again.")


@verb(companies, "modules")
@click.argument("reference")
@click.argument("product")
@click.option("--on", "activated", multiple=True, metavar="AREA", help="Is activated from now on. Repeated.")
@click.option("--off", "left", multiple=True, metavar="AREA", help="Is not activated any more. Repeated.")
def modules(out: Output, reference: str, product: str, activated: tuple[str, ...], left: tuple[str, ...]) -> None:
    """Which applications of PRODUCT are activated at the company REFERENCE; only these have a switch."""
    changes = bool(activated or left)
    with operating(write=changes) as work:
        where = _company(work, reference).id
        found = module.of_product(work, where, product)
        if changes:
            unknown = sorted({*activated, *left} - {*found.on, *found.off})
            if unknown:
                raise InvalidInput(field="on", unknown=unknown)
            found = module.tell(work, where, product, {*found.on, *activated} - set(left))
    out.record({"reference": reference, "product": product, "on": list(found.on), "off": list(found.off)})


def _products(work: Work, plan: str, said: tuple[str, ...]) -> dict[str, str]:
    if not said:
        if plan not in work.policies.plans:
            raise InvalidInput(field="plan")
        return dict.fromkeys(work.policies.plans[plan].products, "active")
    pairs = [each.partition(":") for each in said]
    return {product: state or "active" for product, _, state in pairs}


def _company(work: Work, reference: str) -> Company:
    found = company.find(work, reference)
    if found is None:
        raise NotFound(kind="company")
    return found


def _told(work: Work, found: Company) -> dict[str, Any]:
    contract = subscription.of(work, found.id)
    begun = work.session.scalar(select(Onboarding).where(Onboarding.company_id == found.id))
    states = work.session.execute(
        select(SubscribedProduct.product, SubscribedProduct.state).where(SubscribedProduct.company_id == found.id)
    )
    owner = takeover.owner_address(work, found.id)
    return {
        "id": str(found.id),
        "reference": found.reference,
        "name": found.name,
        "kind": found.kind,
        "country": found.country,
        "city": found.city,
        "locale": found.locale,
        "plan": contract.plan if contract else None,
        "seats": contract.seats if contract else None,
        "products": {row.product: row.state for row in states},
        "services": list(found.services),
        "owner": owner,
        "waits_for": begun.address if begun is not None and begun.accepted_at is None else None,
        "first_steps_finished_at": begun.finished_at if begun is not None else None,
        "created_at": found.created_at,
        "closed_at": found.closed_at,
    }
