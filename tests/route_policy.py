"""idp/web/routes.yaml as the tests read it: who may use which route."""

from dataclasses import dataclass
from typing import Any

from idp.core.settings import ROOT
from idp.policy.load import read_yaml

FILE = ROOT / "idp" / "web" / "routes.yaml"
WHO = frozenset(
    "everybody link attempt person company staff api token client billing registration development".split()  # noqa: SIM905
)
MEMBERS = {"for", "needs", "any", "scope", "fresh", "own", "within", "through", "instead", "sees", "all", "silent"}
IMPLIED = frozenset({"HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Line:
    """What the file says of one method of one path; see its header for the words."""

    method: str
    path: str
    who: str
    needs: tuple[str, ...]
    any: tuple[str, ...]
    scope: str
    fresh: str
    own: tuple[str, ...]
    within: tuple[str, ...]
    through: str
    instead: str
    sees: str
    all: str
    silent: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def met_by(self, held: frozenset[str]) -> bool:
        """Whether somebody who holds these permissions may."""
        return set(self.needs) <= held and (not self.any or bool(set(self.any) & held))


def read() -> dict[tuple[str, str], Line]:
    """Every line, by path and method.

    Raises:
        PolicyError: a line stands there twice.
        ValueError: a line says what no line may say.
    """
    return {(line.path, line.method): line for line in (_line(*entry) for entry in read_yaml(FILE).items())}


def _line(key: str, said: dict[str, Any]) -> Line:
    method, _, path = key.partition(" ")
    unknown = set(said) - MEMBERS
    if unknown or said.get("for") not in WHO or not path.startswith("/"):
        raise ValueError(f"idp/web/routes.yaml, {key}: {sorted(unknown) or said.get('for')} means nothing there")
    line = Line(
        method, path, said["for"], _several(said, "needs"), _several(said, "any"), said.get("scope", ""),
        said.get("fresh", ""), _several(said, "own"), _several(said, "within"), said.get("through", ""),
        said.get("instead", ""), said.get("sees", ""), said.get("all", ""), bool(said.get("silent", False)),
    )  # fmt: skip
    problems = {
        "needs or any": line.who == "company" and not (line.needs or line.any),
        "scope": (line.who == "api") != bool(line.scope),
        "fresh": line.fresh not in ("", "code", "both"),
        "any": bool(line.any) and bool(line.needs),
    }
    for name, wrong in problems.items():
        if wrong:
            raise ValueError(f"idp/web/routes.yaml, {key}: `{name}` is missing, or does not belong there")
    return line


def _several(said: dict[str, Any], name: str) -> tuple[str, ...]:
    value = said.get(name, ())
    return (value,) if isinstance(value, str) else tuple(value)
