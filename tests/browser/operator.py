"""What an operator, an administrator or time does to the demonstration while its browsers are open.

The verbs take words, as a command line has them, and work on the instance whose settings are those of the process.
"""

from datetime import datetime, timedelta

from sqlalchemy import select, update

from idp.accounts.email_address import canonical, find_account
from idp.accounts.models import Account, RecoveryContact
from idp.authn import totp
from idp.authn.models import MailedLink, Session, SignIn
from idp.cli import demo_data
from idp.cli.context import operating, settings
from idp.companies import assignment, company, membership
from idp.companies.models import CustomRole, OnboardingLink, SubscribedProduct, SupportCase
from idp.core import tokens
from idp.work import Work


def people() -> dict[str, dict[str, str | None]]:
    """Addresses of the demonstration's people and the secrets of their authenticator apps, by name."""
    known = {}
    with operating(write=False) as work:
        for person in demo_data.read(settings().policies_dir)["people"]:
            account = find_account(work, canonical(person["email"]))
            held = totp.secrets_of(work, account.id) if account else []
            known[person["id"]] = {"email": person["email"], "secret": held[-1][1] if held else None}
    return known


def change_role(person: str, reference: str, product: str, role: str) -> None:
    """Give a member another role in a product."""
    with operating() as work:
        where = company.find(work, reference)
        assert where is not None, reference
        membership.change_role(work, where.id, _account(work, person).id, product, role_id=role)


def give_role(person: str, reference: str, product: str, role: str) -> None:
    """Give a member a role in a product that they have none in."""
    with operating() as work:
        where = company.find(work, reference)
        assert where is not None, reference
        membership.grant_role(work, where.id, _account(work, person).id, product, role_id=role)


def join(person: str, reference: str, company_role: str, product: str, role: str) -> None:
    """Make somebody a member again, who was removed."""
    with operating() as work:
        where = company.find(work, reference)
        assert where is not None, reference
        account = _account(work, person)
        if membership.find(work, where.id, account.id) is None:
            membership.add(work, where.id, account.id, company_role=company_role)
            membership.grant_role(work, where.id, account.id, product, role_id=role)


def assign(person: str, firm: str, client: str, product: str, role: str) -> None:
    """Give a colleague of a firm a client by name, unless it is given already; a role of the firm by what it is called
    in English."""
    with operating() as work:
        own, other, colleague = company.find(work, firm), company.find(work, client), _account(work, person).id
        assert own is not None, firm
        assert other is not None, client
        held = [each for each in assignment.of_colleague(work, own.id, colleague) if each.ended_at is None]
        if (other.id, product) in {(each.client_id, each.product) for each in held}:
            return
        named = select(CustomRole).where(CustomRole.company_id == own.id, CustomRole.deleted_at.is_(None))
        made = next((each.id for each in work.session.scalars(named) if each.labels.get("en") == role), None)
        built_in = None if made else role
        assignment.give(
            work, own.id, colleague, product=product, role_id=built_in, custom_role_id=made, client_id=other.id
        )


def expire_link(token: str) -> None:
    """Let the time of a mailed link be over."""
    with operating() as work:
        ended = update(MailedLink).where(MailedLink.token_digest == tokens.digest(token))
        past = {"created_at": work.now - timedelta(days=30), "expires_at": work.now - timedelta(seconds=1)}
        assert work.session.execute(ended.values(past)).rowcount == 1


def expire_order_link(token: str) -> None:
    """Let the time of a link to first steps be over."""
    with operating() as work:
        ended = update(OnboardingLink).where(OnboardingLink.token_digest == tokens.digest(token))
        past = {"created_at": work.now - timedelta(days=30), "expires_at": work.now - timedelta(seconds=1)}
        assert work.session.execute(ended.values(past)).rowcount == 1


def expire_sign_ins(person: str) -> None:
    """Let the time of a person's unfinished sign-ins be over."""
    with operating() as work:
        ended = update(SignIn).where(SignIn.account_id == _account(work, person).id)
        past = {"created_at": work.now - timedelta(hours=1), "expires_at": work.now - timedelta(seconds=1)}
        assert work.session.execute(ended.values(past)).rowcount >= 1


def age_proofs(person: str) -> None:
    """Let what a person proved in every session be ten minutes old."""
    with operating() as work:
        old = {"password_at": work.now - timedelta(minutes=10), "second_factor_at": work.now - timedelta(minutes=10)}
        aged = update(Session).where(Session.account_id == _account(work, person).id, Session.ended_at.is_(None))
        assert work.session.execute(aged.values(old)).rowcount >= 1


def age_contacts(email: str) -> None:
    """Let the recovery contacts of whoever signs in with this address be a month old."""
    with operating() as work:
        account = find_account(work, canonical(email))
        assert account is not None, email
        aged = update(RecoveryContact).where(RecoveryContact.account_id == account.id)
        assert work.session.execute(aged.values(created_at=work.now - timedelta(days=30))).rowcount >= 1


def end_wait(person: str) -> None:
    """Let the waiting time of the open case about somebody's access be over, as if it had begun a day earlier."""
    with operating() as work:
        theirs = (SupportCase.account_id == _account(work, person).id, SupportCase.state == "waiting_time")
        begun = work.session.execute(update(SupportCase).where(*theirs).values(due_at=work.now))
        assert begun.rowcount == 1


def date_product(reference: str, product: str, state: str, since: str, until: str = "", kept: str = "") -> None:
    """Let a product of a company be in a state since, until and with its data kept until so many days from now; 0: a
    moment ago. What time makes of that is not written down yet."""
    with operating() as work:
        where = company.find(work, reference)
        assert where is not None, reference

        def on(days: str) -> datetime | None:
            return work.now + (timedelta(days=int(days)) or timedelta(seconds=-1)) if days else None

        dates = {
            "state": state, "since_at": on(since), "until_at": on(until), "suspends_at": None,
            "kept_until_at": on(kept),
        }  # fmt: skip
        rows = update(SubscribedProduct).where(SubscribedProduct.company_id == where.id)
        assert work.session.execute(rows.where(SubscribedProduct.product == product).values(dates)).rowcount == 1


def _account(work: Work, person: str) -> Account:
    account = find_account(work, canonical(demo_data.address_of(settings().policies_dir, person)))
    assert account is not None, person
    return account


VERBS = {
    "age-contacts": age_contacts,
    "age-proofs": age_proofs,
    "assign": assign,
    "people": people,
    "change-role": change_role,
    "date-product": date_product,
    "end-wait": end_wait,
    "expire-link": expire_link,
    "expire-order-link": expire_order_link,
    "expire-sign-ins": expire_sign_ins,
    "give-role": give_role,
    "join": join,
}
