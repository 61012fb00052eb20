"""`idp access`: who may do what, and why."""

from collections.abc import Iterable

import click

from idp.accounts.email_address import canonical, find_account
from idp.cli.context import Exit, Output, operating, verb
from idp.companies import company, explain_words
from idp.companies.answers import Access
from idp.companies.explain import Explanation, explain, explain_each
from idp.core import texts
from idp.core.errors import NotFound
from idp.work import Work


@click.group()
def access() -> None:
    """Who may do what, and why."""


@verb(access, "explain")
@click.argument("person", metavar="PERSON")
@click.argument("reference", metavar="COMPANY")
@click.argument("product")
@click.argument("permission", required=False)
@click.option("--every", is_flag=True, help="Every permission of the product, one line each.")
@click.option(
    "--locale", type=click.Choice(texts.LANGUAGES), default="en", show_default=True, help="Language of the sentences."
)
def explain_(
    out: Output, person: str, reference: str, product: str, permission: str | None, every: bool, locale: str
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
        if every and permission is None:
            return _each(out, work, explain_each(work, account.id, where.id, product), locale)
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


def _each(out: Output, work: Work, found: Iterable[Explanation], locale: str) -> Exit | None:
    """Each permission with its answer and the reason; the exit code says whether any is allowed."""
    rows = [
        {
            "permission": each.permission,
            "allowed": each.allowed,
            "reason": each.cause.value,
            "sentence": explain_words.say(work, each, locale).reason,
        }
        for each in found
    ]
    out.table(rows, ("permission", "allowed", "sentence"), empty="No permission.")
    return None if any(row["allowed"] for row in rows) else Exit.REFUSED
