"""Who may see what: the one gate that pages and API both pass.

An access token names a *permission set*, a digest of the permissions in force for this person in this company. The
list behind it never changes (another list has another name), so it is asked for once and kept.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from examples.sample.product import Area, Product
from examples.sample.tokens import LEEWAY, Claims, Epochs

MOST_KEPT = 2_000
TWO_FACTORS = "urn:id:acr:2fa"


class NotPermitted(Exception):
    """The person lacks every permission that would open this area."""

    def __init__(self, area: Area) -> None:
        super().__init__(area.id)
        self.area = area


class ProofNeeded(Exception):
    """The area is open to the person, once they have proved two factors again (RFC 9470)."""

    def __init__(self, area: Area, max_age: int, company: str) -> None:
        super().__init__(area.id)
        self.area, self.max_age, self.company = area, max_age, company

    @property
    def demand(self) -> dict[str, str]:
        """What the authorization request that follows asks for: the same parameters as in the challenge (§3, §4)."""
        return {"acr_values": TWO_FACTORS, "max_age": str(self.max_age)}


class PermissionSets:
    """Permission lists by the name an access token gives them."""

    def __init__(self, fetch: Callable[[str], frozenset[str]]) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._kept: dict[str, frozenset[str]] = {}

    def get(self, set_id: str) -> frozenset[str]:
        """The permissions of a set.

        Raises:
            ServiceUnavailable: the set is not known here yet and cannot be read; then nothing is allowed.
        """
        with self._lock:
            kept = self._kept.get(set_id)
        if kept is not None:
            return kept
        permissions = self._fetch(set_id)
        with self._lock:
            if len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]  # bounds memory; the list can be asked for again
            self._kept[set_id] = permissions
        return permissions


@dataclass(frozen=True)
class Access:
    """What one verified access token opens."""

    claims: Claims
    permissions: frozenset[str]

    @property
    def company(self) -> str | None:
        return self.claims.get("company")

    def may(self, permission: str) -> bool:
        return permission in self.permissions

    def opens(self, area: Area) -> bool:
        return any(permission in self.permissions for permission in area.permissions)

    def proved_within(self, seconds: int, now: float) -> bool:
        """Whether two factors were proved that recently. A program's token says nothing of it, which is a no."""
        proved_at = self.claims.get("auth_time")
        return (
            self.claims.get("acr") == TWO_FACTORS and isinstance(proved_at, int) and now - proved_at <= seconds + LEEWAY
        )


class Gate:
    """Turns the claims of a verified access token into access, and access into yes or no."""

    def __init__(
        self, product: Product, sets: PermissionSets, epochs: Epochs, now: Callable[[], float] = time.time
    ) -> None:
        self._product = product
        self._sets = sets
        self._epochs = epochs
        self._now = now

    def access(self, claims: Claims) -> Access:
        """What these claims open.

        Raises:
            AccessOutdated: a token with newer rights of this person has been seen.
            ServiceUnavailable: the permissions cannot be read.
        """
        self._epochs.check(claims)
        inline = claims.get("permissions")  # programs (client credentials), and clients registered to have it so
        return Access(claims, self._sets.get(claims["permission_set"]) if inline is None else frozenset(inline))

    def menu(self, access: Access) -> list[Area]:
        """The areas of which this person has any permission; the others do not exist for them."""
        return [area for area in self._product.areas if access.opens(area)]

    def require(self, access: Access, area: Area) -> None:
        """Let pass.

        Raises:
            NotPermitted: the area is closed to this person, or the token is not for a company.
            ProofNeeded: it opens after a step-up.
        """
        if access.company is None or not access.opens(area):
            raise NotPermitted(area)
        if area.fresh is not None and not access.proved_within(area.fresh, self._now()):
            raise ProofNeeded(area, area.fresh, access.company)
