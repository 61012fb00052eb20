"""What waits for a company to be chosen: an authorization request of this browser, or a device with a code."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from idp.core.errors import Expired, InvalidInput
from idp.oidc import authorization, device
from idp.oidc.clients import RegisteredClient
from idp.oidc.device import Pending
from idp.web.pages.continuing import continue_path
from idp.work import Work

DEVICE = "device"
_PLACE = "addresses:device:request"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that a person has come to answer.

    Attributes:
        key: of an authorization request, or of that of a device.
        path: where it is taken up again.
        ui_locales: the languages its client asked for.
        over: it cannot be answered any more, which is told where it is taken up again.
    """

    key: UUID
    client: RegisteredClient
    path: str
    ui_locales: str
    device: bool
    over: bool = False

    def choose(self, work: Work, company_id: UUID) -> None:
        """Remember the company the person chose."""
        if self.device:
            device.choose_company(work, self.key, company_id)
        else:
            authorization.choose_company(work, self.key, company_id)


def find(work: Work, query: Mapping[str, str]) -> Waiting:
    """What the address of a page names, by `request` or `device`.

    Raises:
        Expired: nothing, or nothing any more.
    """
    if DEVICE in query:
        asked, _ = pending(work, query[DEVICE])
        return Waiting(asked.id, asked.client, device_path(query[DEVICE]), "", device=True, over=not asked.open)
    taken = authorization.take(work, query.get("request", ""))
    locales = taken.request.parameters.get("ui_locales", "")
    return Waiting(taken.id, taken.request.client, continue_path(taken.token), locales, device=False)


def pending(work: Work, sealed: str) -> tuple[Pending, str]:
    """The request of a device that an address names, and its code as the device shows it.

    Raises:
        Expired: the address is not ours, or the request is gone.
    """
    try:
        raw = work.keyring.decrypt(base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4)), _PLACE).decode()
    except (ValueError, InvalidInput) as error:
        raise Expired(kind="device_request") from error
    key, _, user_code = raw.partition(":")
    asked = device.get(work, UUID(key))
    if asked is None:
        raise Expired(kind="device_request")
    return asked, device.shown(user_code)


def sealed(work: Work, request_id: UUID, user_code: str) -> str:
    """A name for the request of a device that addresses may hold: the code cannot be read from it."""
    value = work.keyring.encrypt(f"{request_id}:{user_code}".encode(), _PLACE)
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def device_path(sealed: str) -> str:
    """The page on which the request of a device is answered."""
    return f"/device/confirm?{DEVICE}={sealed}"
