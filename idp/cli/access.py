"""`idp access`: who may do what, and why."""

import click

from idp.accounts.email_address import canonical, find_account
from idp.cli.context import Exit, Output, operating, verb
from idp.companies import company, explain_words
from idp.companies.answers import Access
from idp.companies.explain import explain
from idp.core import texts
from idp.core.errors import NotFound


@click.group()
def access() -> None:
    """Who may do what, and why."""


@verb(access, "explain")
@click.argument("person", metavar="PERSON")
@click.argument("reference", metavar="COMPANY")
@click.argument("product")
@click.argument("permission", required=False)
@click.option(
    "--locale", type=click.Choice(texts.LANGUAGES), default="en", show_default=True, help="Language of the sentences."
)
def explain_(
    out: Output, person: str, reference: str, product: str, permission: str | None, locale: str
) -> Exit | None:
    """Explain whether PERSON (an e-mail address) may use PRODUCT at COMPANY (a reference), or one PERMISSION of it.

    Says what the answer hangs on, the reason, and the smallest change that would turn it with who may do it.
    Exit code 1 when the answer is no.
    """
    with operating(write=False) as work:
        account = find_account(work, canonical(person))
        where = company.find(work, reference)
        if account is None or where is None:
            raise NotFound(kind="account" if account is None else "company")
        found = explain(work, account.id, where.id, product, permission)
        said = explain_words.say(work, found, locale)
    answer = found.answer
    data = {
        "person": person,
        "company": reference,
        "product": product,
        "permission": permission,
        "allowed": found.allowed,
        "reason": found.cause.value,
        "sentence": said.reason,
        "via": answer.via if isinstance(answer, Access) else None,
        "permission_set": answer.permission_set if isinstance(answer, Access) else None,
        "chain": [
            {"kind": link.kind, "holds": link.holds, "sentence": text, **link.facts}
            for link, (_, text) in zip(found.chain, said.chain, strict=True)
        ],
        "change": None
        if found.change is None or said.steps is None
        else [
            {"act": step.act.value, **step.what, "by": step.by, "in_firm": step.firm, "sentence": told.text}
            for step, told in zip(found.change, said.steps, strict=True)
        ],
    }
    lines = [f"{'Allowed' if found.allowed else 'Not allowed'}: {said.reason}"]
    lines += [f"  {'yes' if holds else 'no ':<3}  {text}" for holds, text in said.chain]
    if said.steps is None:
        lines.append("Nothing that can be done here would change this.")
    elif said.steps:
        lines.append("The smallest change:")
        lines += [
            f"  {number}. {step.text}" + (f" By: {step.by}{' (of the firm)' if step.firm else ''}." if step.by else "")
            for number, step in enumerate(said.steps, 1)
        ]
    out.result(data, *lines)
    return None if found.allowed else Exit.REFUSED
