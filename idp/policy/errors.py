"""The one error of this floor: a file in `policies/` says something that cannot be."""

from collections.abc import Iterable
from dataclasses import dataclass

from idp.core.errors import IdpError


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake: the file's name, the entry inside it, and why it is refused."""

    file: str
    entry: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.entry}: {self.reason}"


class PolicyError(IdpError):
    """The files in `policies/` cannot be used. All mistakes found together are in `problems`, in file order.

    The members name the first one: `file`, `entry`, `reason`.
    """

    code = "policy_error"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        super().__init__(file=first.file, entry=first.entry, reason=first.reason)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)
