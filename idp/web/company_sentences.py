"""The audit log in a few words, for who reads the log of a company.

Every event of the vocabulary either has its words here or is named in `NOT_HERE`: it never belongs to a company, or
tells only machines something.
"""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext, lazy_gettext

_l = lazy_gettext
WORDS: Mapping[str, Any] = {
    "accountant_guide.sent": _l("Our support team explained to somebody how to give an accountant access"),
    "accountant_guide.throttled": _l("A further such mail of our support team was held back: several had been sent"),
    "application.disconnected": _l("An application that worked for the company by itself was ended"),
    "application.withdrawn": _l("An application’s access was withdrawn"),
    "assignment.changed": _l("A colleague’s role at a client was changed"),
    "assignment.ended": _l("A client was taken back from a colleague"),
    "assignment.given": _l("A client was given to a colleague"),
    "audit.exported": _l("This log was downloaded"),
    "audit.searched": _l("Our support team read this log"),
    "client_group.created": _l("A group of clients was made"),
    "client_group.filled": _l("Clients were put into a group, or taken out"),
    "client_group.removed": _l("A group of clients was removed"),
    "client_group.renamed": _l("A group of clients was renamed"),
    "client_group.sorted": _l("A client was sorted into groups"),
    "colleague.requested": _l("A user was asked for, for a colleague"),
    "colleague.settled": _l("A request for a colleague’s user was answered"),
    "company.closed": _l("The company was closed"),
    "company.closing_asked": _l("Closing the company was asked for"),
    "company.closing_withdrawn": _l("The company is kept after all"),
    "company.created": _l("The company was created"),
    "company.ordered": _l("The company was ordered"),
    "company.modules_changed": _l("Which applications of a product are activated was changed"),
    "company.profile_changed": _l("The company’s details were changed"),
    "company.reopened": _l("Our staff reopened the company"),
    "company.security_changed": _l("The security rules were changed"),
    "company.services_changed": _l("Connected services were switched on or off"),
    "company.suspended": _l("Our staff suspended the company"),
    "custom_role.changed": _l("A custom role was changed"),
    "custom_role.created": _l("A custom role was created"),
    "custom_role.deleted": _l("A custom role was deleted"),
    "device_request.allowed": _l("A device was allowed to work for somebody"),
    "device_request.refused": _l("A device was refused"),
    "firm.invitation_declined": _l("An accountant declined your invitation"),
    "firm.invitation_withdrawn": _l("An invitation to an accountant was withdrawn"),
    "firm.invited": _l("An accountant was invited"),
    "firm.joined": _l("An accountant joined by your invitation"),
    "grant.refused": _l("An application was refused access"),
    "grant.revoked": _l("An application was signed out"),
    "invitation.accepted": _l("An invitation was accepted"),
    "invitation.created": _l("A person was invited"),
    "invitation.expired": _l("An invitation expired"),
    "invitation.refused": _l("An invitation was declined"),
    "invitation.renewed": _l("An invitation was replaced by a new one"),
    "invitation.resent": _l("An invitation was sent again"),
    "invitation.withdrawn": _l("An invitation was withdrawn"),
    "mandate.address_refused": _l("An accountant’s address was refused"),
    "mandate.changed": _l("A mandate was changed"),
    "mandate.confirmed": _l("A mandate began"),
    "mandate.ended": _l("A mandate ended"),
    "mandate.expired": _l("An offer of a mandate expired"),
    "mandate.handed_over": _l("A mandate is handed over to another firm"),
    "mandate.kept": _l("A hand-over was called off"),
    "mandate.recorded": _l("A mandate was offered or asked for"),
    "mandate.refused": _l("A mandate was refused"),
    "mandate.renewed": _l("A mandate went on for another year"),
    "mandate.request_withdrawn": _l("A request for access was withdrawn"),
    "mandate.requested": _l("A company was asked for access"),
    "mandate.withdrawn": _l("An offer of a mandate was withdrawn"),
    "membership.added": _l("A person was added"),
    "membership.left": _l("A person left"),
    "membership.removed": _l("A person was removed"),
    "membership.resumed": _l("A suspension was taken back"),
    "membership.role_changed": _l("A role in the company was changed"),
    "membership.services_changed": _l("Services of a person were switched on or off"),
    "membership.sessions_ended": _l("A person’s sessions for the company were closed"),
    "membership.suspended": _l("A person was suspended"),
    "onboarding.accepted": _l("The company was taken up by its owner"),
    "onboarding.address_proved": _l("The owner’s address was proved"),
    "onboarding.finished": _l("The first steps were finished"),
    "onboarding.handed_over": _l("A way into the first steps was given"),
    "onboarding.invited": _l("The owner was written to"),
    "onboarding.step_decided": _l("A first step was taken"),
    "ownership.declined": _l("The hand-over of the account was declined"),
    "ownership.moved": _l("The company has another owner"),
    "ownership.offered": _l("The account was offered to somebody"),
    "ownership.withdrawn": _l("An offer to hand the account over was withdrawn"),
    "refresh_token.replayed": _l("An application showed a spent token and was signed out"),
    "role.changed": _l("A role in a product was changed"),
    "role.granted": _l("A role in a product was given"),
    "role.refused": _l("Somebody tried to give more than they may; this was refused"),
    "role.revoked": _l("A role in a product was taken away"),
    "subscription.changed": _l("Plan or seats were changed"),
    "subscription.payment_failed": _l("A payment failed"),
    "subscription.payment_received": _l("A payment was received"),
    "subscription.renewed": _l("The subscription was renewed"),
    "subscription.request_closed": _l("A request about the subscription was closed"),
    "subscription.requested": _l("A change of the subscription was asked for"),
    "subscription.started": _l("The subscription began"),
    "subscription.state_changed": _l("The state of a product changed"),
    "token.exchanged": _l("A product called another one for somebody"),
}

SUPPORT: Mapping[str, Any] = {
    "firm.invitation_declined": _l("An invitation to help for a while was declined"),
    "firm.invitation_withdrawn": _l("An invitation to help for a while was withdrawn"),
    "firm.invited": _l("Somebody was invited to help for a while"),
    "firm.joined": _l("Somebody joined by your invitation to help for a while"),
    "mandate.changed": _l("Temporary support was changed"),
    "mandate.confirmed": _l("Temporary support began"),
    "mandate.ended": _l("Temporary support ended"),
    "mandate.expired": _l("An offer of temporary support expired"),
    "mandate.recorded": _l("Temporary support was offered or asked for"),
    "mandate.refused": _l("Temporary support was declined"),
    "mandate.request_withdrawn": _l("An offer of temporary support was withdrawn"),
    "mandate.requested": _l("Temporary support was offered to a company"),
    "mandate.withdrawn": _l("Temporary support was withdrawn before it began"),
}
"""The same events where they are about temporary support, which is no accountant's mandate."""

NOT_HERE = (
    "account.", "activation.", "assertion.", "authenticator.", "billing.", "billing_key.", "binding.", "case.",
    "client.", "client_authentication.", "code.", "consent.", "demo.", "device_code.", "email.", "email_change.",
    "initial_access_token.", "key.",
    "lost_all.", "lost_factor.", "lost_factor_stop.", "notice.", "onboarding.asked", "onboarding.refused",
    "one_time_code.", "passkey.", "password.", "profile.", "recovery.", "recovery_code.", "recovery_codes.",
    "recovery_contact.", "reset.", "session.", "sharing.", "sign_in.", "staff_role.", "token_exchange.",
    "token_issuer.", "totp.", "trusted_device.", "user_code.",
)  # fmt: skip
"""What events begin with that are not told here: they are a person's own, this service's, or between machines."""


def words(name: str, details: Mapping[str, Any]) -> str:
    """What happened, in a few words; an event without words of its own is called by its name."""
    if details.get("temporary") is True and name in SUPPORT:
        return str(SUPPORT[name])
    return str(WORDS[name]) if name in WORDS else str(gettext("Another event (%(name)s)", name=name))
