"""From a mailed link to an account with a password; the second factor is then the next step of its attempt."""

from collections.abc import Callable, Iterable

from idp.accounts import email_address, profile
from idp.audit import log as audit
from idp.authn import mailed_link, proofs, sign_in, throttle
from idp.authn import password as passwords
from idp.authn.attempt import Attempt
from idp.authn.models import MailedLink
from idp.core.errors import Conflict, InvalidInput
from idp.outbox import queue as outbox
from idp.work import Work

PURPOSE = "activation"


def invite(work: Work, *, address: str, locale: str, continue_to: str = "/") -> str:
    """Mail a link that leads to an account at this address; earlier links to it are void. Answers the token.

    Raises:
        InvalidInput: it is no address; `field="email"`.
        Conflict: an account has this address already; `field="email"`.
    """
    work.write()
    canonical = email_address.canonical_new(address)
    if email_address.find_account(work, canonical) is not None:
        raise Conflict(field="email", reason="has_account")
    kept = profile.locale_for(work, locale)
    lifetime = work.policies.activation_lifetime
    token = mailed_link.make(
        work,
        PURPOSE,
        address=email_address.written(address),
        canonical=canonical,
        locale=kept,
        lifetime=lifetime,
        continue_to=sign_in.local_path(continue_to),
    )
    outbox.mail(
        work,
        email_address.written(address),
        "activation",
        locale=kept,
        path=f"/activation/{token}",
        expires=(work.now + lifetime).isoformat(),
    )
    audit.record(work, "account.invited", ("address", throttle.subject_hint(work, canonical)))
    return token


def find(work: Work, token: str) -> MailedLink:
    """The link behind a page. Nothing is spent.

    Raises:
        NotFound, Expired: as `mailed_link.find`.
    """
    return mailed_link.find(work, PURPOSE, token)


def activate(
    work: Work,
    token: str,
    *,
    given_name: str,
    family_name: str,
    password: str,
    personal: bool,
    words: Iterable[str] = (),
) -> tuple[Attempt, str]:
    """Spend the link: create the account and begin its first attempt, with link and password proved.

    Args:
        personal: the holder confirms that the account is for one person.
        words: further words the password must not be derived from, such as the name of an inviting company.

    Raises:
        InvalidInput: a value cannot be used; `field` says which. The link is not spent.
        NotFound, Expired: the link is unknown, used or over.
        Conflict: the address has got an account meanwhile; `field="email"`.
    """
    work.write()
    link = mailed_link.find_to_spend(work, PURPOSE, token)
    link_id = link.id
    return open_account(
        work,
        address=link.address,
        locale=link.locale,
        continue_to=link.continue_to,
        given_name=given_name,
        family_name=family_name,
        password=password,
        personal=personal,
        words=words,
        spend=lambda: mailed_link.spend(work, link_id),
    )


def open_account(
    work: Work,
    *,
    address: str,
    locale: str,
    continue_to: str,
    given_name: str,
    family_name: str,
    password: str,
    personal: bool,
    words: Iterable[str] = (),
    spend: Callable[[], None],
) -> tuple[Attempt, str]:
    """Create the account of somebody who has shown to read the mail of an address, and begin its first attempt.

    Commits once on the way, before anything is written: what the caller read before has to be asked again by `spend`.

    Args:
        address: the proved address, as its holder wrote it.
        continue_to: where the person goes once the account is complete.
        personal: the holder confirms that the account is for one person.
        words: further words the password must not be derived from, such as the name of an inviting company.
        spend: uses up what entitles to the account, by one conditional update, or raises; called when all else is in
            order and before the account is made.

    Raises:
        InvalidInput: a value cannot be used; `field` says which. Nothing is spent.
        Conflict: an account has this address already; `field="email"`.
    """
    if not personal:
        raise InvalidInput(field="personal", reason="missing")
    names = (profile.name(given_name, "given_name"), profile.name(family_name, "family_name"))
    if email_address.find_account(work, email_address.canonical_new(address)) is not None:
        raise Conflict(field="email", reason="has_account")
    hash_ = passwords.chosen(work, password, words=[*names, address, *words])

    spend()
    account = profile.create(work, address=address, given_name=names[0], family_name=names[1], locale=locale)
    account.personal_at = work.now
    passwords.set_hash(work, account.id, hash_)
    attempt, attempt_token = sign_in.open_attempt(
        work,
        purpose=PURPOSE,
        continue_to=continue_to,
        lifetime=work.policies.account.two_factor_setup_lifetime,
        account_id=account.id,
    )
    proofs.add(work, attempt, "link")
    proofs.add(work, attempt, "pwd")
    audit.record(work, "account.created", ("account", account.id))
    return attempt, attempt_token
