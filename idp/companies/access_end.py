"""What is told when access may be over: somebody's, everybody's in a company, or everybody's who works for a firm.

The floor above looks at what products hold there, asks the engine again, and ends what it refuses by now. So to tell
too much does no harm: who still has access in another way keeps it.
"""

from uuid import UUID

from idp.outbox import queue
from idp.work import Work

FACT = "access.ended"


def tell(
    work: Work,
    *,
    account_id: UUID | None = None,
    company_id: UUID | None = None,
    product: str | None = None,
    firm_id: UUID | None = None,
    logout: bool = False,
    whatever: bool = False,
) -> None:
    """After the commit, what products hold for these people is ended wherever the engine refuses them.

    Told by every command that takes access away for good: an assignment or a mandate that ends, somebody who leaves or
    is removed or suspended, a subscription that ends. One of `account_id`, `company_id` and `firm_id` at least.

    Args:
        account_id: the person; None for everybody.
        company_id: the company that access is lost to; None for all of them.
        product: the product; None for all of them.
        firm_id: only people who are or were of this firm: what came by its mandates.
        logout: products are told at once to close the sessions concerned (Back-Channel Logout), where the policy says
            that the end is immediate; otherwise they notice when the access token runs out.
        whatever: end it also where access goes on, as when an administrator closes somebody's sessions for the company.
    """
    assert account_id is not None or company_id is not None or firm_id is not None
    named = {"account": account_id, "company": company_id, "firm": firm_id}
    members = {name: str(key) if key is not None else None for name, key in named.items()}
    queue.fact(work, FACT, **members, product=product, logout=logout, whatever=whatever)
