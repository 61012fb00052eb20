"""The rules of security that a company sets for its people."""

from idp.companies import company, company_settings
from idp.web.api.room import Room
from idp.web.api.shapes import CompanyPath, Flag, Sent, Shown, example
from idp.web.work import open_work

room = Room(
    "security", "Security rules", "What a company asks of its people beyond what this service asks of everybody."
)
PATH = "/companies/<uuid:company_id>/security"


class SecurityShown(Shown):
    """`trusted_devices`: whether the company's people may skip the second factor in a browser that they trust; without
    it a code is asked for at every sign-in. `trusted_device_days`: for how long a browser is trusted."""

    trusted_devices: bool
    trusted_device_days: int


class SecuritySent(Sent):
    """The rules from now on."""

    model_config = example(trusted_devices=False)

    trusted_devices: Flag


@room.get(PATH, may=(company_settings.VIEWS_SECURITY,), shows=SecurityShown, tagged=True)
def show_security(path: CompanyPath) -> SecurityShown:
    """The rules of security of a company."""
    return _shown(path)


@room.put(PATH, may=(company_settings.EDITS_SECURITY,), shows=SecurityShown, present=show_security)
def change_security(path: CompanyPath, body: SecuritySent) -> SecurityShown:
    """Let people skip the second factor in trusted browsers, or ask for a code every time.

    It counts from the next sign-in; owner and administrators are written to.
    """
    company_settings.allow_trusted_devices(open_work(), path.company_id, body.trusted_devices)
    return _shown(path)


def _shown(path: CompanyPath) -> SecurityShown:
    work = open_work()
    return SecurityShown(
        trusted_devices=company.get(work, path.company_id).trusted_devices,
        trusted_device_days=work.policies.trusted_device_lifetime.days,
    )
