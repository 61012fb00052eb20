"""The audit log in words, for the person an event is about.

Every event of the vocabulary either has a sentence here or is named in `NOT_TOLD`, with the reason. Where one detail of
an event changes what is to be said, `VARIED` names it, and the sentence is found under `name:value`; the sentence of
the name alone serves every other value.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext

from idp.audit.history import Entry

NOT_TOLD: Mapping[str, str] = {
    "account.invited": "there is no account yet",
    "activation.refused": "nobody's: the link was not recognised",
    "case.refused": "one of the staff was refused; nothing happened to the account",
    "client.created": "about an application",
    "client.deleted": "about an application",
    "client.registration_refused": "about an application",
    "client.secret_rotated": "about an application",
    "client.updated": "about an application",
    "client_authentication.refused": "about an application",
    "client_group.created": "about a firm",
    "client_group.filled": "about a firm",
    "client_group.removed": "about a firm",
    "client_group.renamed": "about a firm",
    "client_group.sorted": "about a firm",
    "colleague.settled": "about a request, which has its own page",
    "company.created": "about a company",
    "company.ordered": "about a company",
    "company.services_changed": "about a company",
    "custom_role.changed": "about a company",
    "custom_role.created": "about a company",
    "custom_role.deleted": "about a company",
    "demo.loaded": "about this service",
    "initial_access_token.created": "about this service",
    "invitation.accepted": "told as the membership that came of it",
    "invitation.created": "about an address and a company",
    "invitation.expired": "about an address and a company",
    "invitation.refused": "about an address and a company",
    "invitation.renewed": "about an address and a company",
    "invitation.resent": "about an address and a company",
    "invitation.withdrawn": "about an address and a company",
    "key.activated": "about this service",
    "key.created": "about this service",
    "key.retired": "about this service",
    "lost_all.refused": "nobody's: the link was not recognised",
    "lost_factor.refused": "nobody's: the link was not recognised",
    "lost_factor_stop.refused": "nobody's: the link was not recognised",
    "mandate.confirmed": "about two companies",
    "mandate.ended": "about two companies",
    "mandate.recorded": "about two companies",
    "notice.refused": "nobody's: the link was not recognised",
    "onboarding.address_proved": "about a company, which nobody owns yet",
    "onboarding.asked": "about an address",
    "onboarding.finished": "about a company",
    "onboarding.handed_over": "about a company, which nobody owns yet",
    "onboarding.invited": "about a company, which nobody owns yet",
    "onboarding.step_decided": "about a company",
    "onboarding.refused": "nobody's: the link was not recognised",
    "password.rehashed": "the password stayed the same",
    "reset.refused": "nobody's: the link was not recognised",
    "sharing.seen": "told once the signs add up, on the page of the notice",
    "subscription.started": "about a company",
    "subscription.state_changed": "about a company",
}

VARIED: Mapping[str, str] = {
    "account.status_changed": "status",
    "email_change.withdrawn": "reason",
    "grant.revoked": "reason",
    "password.changed": "way",
    "session.ended": "reason",
    "sharing.answered": "answer",
    "trusted_device.forgotten": "reason",
}

_l = lazy_gettext
SENTENCES: Mapping[str, Any] = {
    "account.blocked": _l("Too many wrong passwords were typed: passwords were refused for a while."),
    "account.created": _l("You created your account."),
    "account.data_exported": _l("You downloaded the data that is held about you."),
    "account.erased": _l("The account was erased."),
    "account.erasure_requested": _l("You asked for your account to be erased."),
    "account.erasure_withdrawn": _l("You kept your account: its erasure was called off."),
    "account.looked_up": _l("Our support team looked at the state of your account. It sees no password and no code."),
    "account.status_changed": _l("The state of your account was changed."),
    "account.status_changed:active": _l("Your account was opened again."),
    "account.status_changed:blocked": _l("Your account was blocked."),
    "assignment.changed": _l("%(company)s changed your role at its clients: %(role)s, %(product)s."),
    "assignment.ended": _l("%(company)s took back a client's product that it had given to you: %(product)s."),
    "assignment.given": _l("%(company)s gave you a role at its clients: %(role)s, %(product)s."),
    "authenticator.enrolled": _l("An authenticator app was linked."),
    "authenticator.removed": _l("An authenticator app was removed."),
    "authenticator.renamed": _l("An authenticator app got another name."),
    "authenticator.replaced": _l("A lost second factor was replaced: the old one and all that went with it are void."),
    "case.approved": _l("A second member of our support team agreed to the help that was asked for (%(case)s)."),
    "case.carried_out": _l("The help that was asked for was given (%(case)s)."),
    "case.closed": _l("The help that was asked for was refused or given up (%(case)s)."),
    "case.confirmed": _l("The request for help was confirmed from your mailbox (%(case)s)."),
    "case.finished": _l("The help that was asked for came to its end (%(case)s)."),
    "case.link_sent": _l("The link of the help that was asked for was sent (%(case)s)."),
    "case.opened": _l("Help with your account was asked for (%(case)s)."),
    "case.stopped": _l("The help that was asked for was stopped from one of your contacts (%(case)s)."),
    "case.taken_up": _l("Our support team took up your request for help (%(case)s)."),
    "code.replayed": _l("A sign-in code of %(application)s was used twice. What it had opened was closed."),
    "colleague.requested": _l("You asked %(company)s for a user of a colleague's own."),
    "consent.given": _l("You allowed %(application)s to use your account."),
    "consent.withdrawn": _l("You took back what %(application)s was allowed."),
    "email.change_undone": _l("The change of your sign-in address was undone: the one before is back."),
    "email.changed": _l("Your sign-in address was changed."),
    "email_change.asked": _l("Another sign-in address was asked for."),
    "email_change.proved": _l("The new sign-in address was proved by its code."),
    "email_change.refused": _l("The change of your sign-in address could not be done."),
    "email_change.stopped": _l("The change of your sign-in address was stopped with the link of a notice."),
    "email_change.withdrawn": _l("The change of your sign-in address was called off."),
    "email_change.withdrawn:holder": _l("You called off the change of your sign-in address."),
    "grant.refused": _l("%(application)s was refused, because you have no access there."),
    "grant.revoked": _l("%(application)s was signed out."),
    "grant.revoked:access_ended": _l("%(application)s was closed for %(company)s: your access there has ended."),
    "grant.revoked:closed_by_company": _l("%(application)s was closed for %(company)s by an administrator."),
    "lost_factor.asked": _l("A new second factor was asked for, with your password and a recovery contact."),
    "lost_factor.stopped": _l("The replacement of your second factor was stopped."),
    "membership.added": _l("You became a member of %(company)s."),
    "membership.left": _l("You left %(company)s."),
    "membership.removed": _l("You are no longer a member of %(company)s."),
    "membership.resumed": _l("Your access to %(company)s was given back."),
    "membership.role_changed": _l("What you may administer at %(company)s was changed: %(role)s."),
    "membership.services_changed": _l("Connected services were switched on or off for you at %(company)s."),
    "membership.sessions_ended": _l("%(company)s closed your sessions in its products."),
    "membership.suspended": _l("Your access to %(company)s was suspended."),
    "notice.disowned": _l("You said that something in a notice was not you. Sessions were closed to protect you."),
    "onboarding.accepted": _l("You became the owner of %(company)s."),
    "one_time_code.refused": _l("A wrong or expired code of a message was typed."),
    "one_time_code.sent": _l("A code was sent to you."),
    "one_time_code.throttled": _l("A code was not sent: too many had been asked for."),
    "passkey.added": _l("A passkey was added."),
    "passkey.refused": _l("The answer of a passkey was refused."),
    "passkey.removed": _l("A passkey was removed."),
    "passkey.renamed": _l("A passkey got another name."),
    "password.changed": _l("Your password was changed."),
    "password.changed:account": _l("You changed your password."),
    "password.changed:reset": _l("You chose a new password with a link from your mailbox."),
    "password.refused": _l("A wrong password was typed."),
    "profile.changed": _l("You changed your name or your language."),
    "recovery.asked": _l("Somebody wrote that they had lost everything they sign in with, and gave your address."),
    "recovery_code.refused": _l("A wrong or used recovery code was typed."),
    "recovery_code.used": _l("A recovery code was used in place of the second factor. Codes left: %(left)s."),
    "recovery_codes.kept": _l("You confirmed that you have kept your recovery codes."),
    "recovery_codes.made": _l("New recovery codes were made; earlier ones are void."),
    "recovery_contact.added": _l("A recovery contact was added."),
    "recovery_contact.refused": _l("A phone number was refused as a recovery contact: it belongs to another account."),
    "recovery_contact.removed": _l("A recovery contact was removed."),
    "refresh_token.replayed": _l("An old access of a product was presented again. It was closed to protect you."),
    "reset.asked": _l("A link to choose a new password was asked for."),
    "role.changed": _l("Your role at %(company)s was changed: %(role)s, %(product)s."),
    "role.granted": _l("You got a role at %(company)s: %(role)s, %(product)s."),
    "role.revoked": _l("You lost your role at %(company)s: %(product)s."),
    "session.ended": _l("A session was closed."),
    "session.ended:account_blocked": _l("A session was closed, because the account was blocked."),
    "session.ended:password_changed": _l("A session was closed, because the password was changed."),
    "session.ended:replaced": _l("A session was closed, because somebody else signed in with the same browser."),
    "session.ended:signed_out": _l("You signed out."),
    "session.renewed": _l("You proved again that it is you: %(methods)s."),
    "session.started": _l("You signed in: %(methods)s."),
    "sharing.answered": _l("You answered to a notice about sharing of the account."),
    "sharing.decided": _l("Our support team looked at signs of sharing and decided."),
    "sharing.told": _l("We wrote to you about signs that the account is shared."),
    "sign_in.throttled": _l("A try to sign in was refused: there had been too many."),
    "staff_role.granted": _l("You became one of the staff of this service: %(role)s."),
    "totp.refused": _l("A wrong or used code of the authenticator app was typed."),
    "trusted_device.added": _l("You trusted a browser."),
    "trusted_device.forgotten": _l("Trust in your browsers was withdrawn."),
    "trusted_device.forgotten:password_changed": _l("Your browsers were forgotten, because the password was changed."),
}

METHODS: Mapping[str, Any] = {
    "pwd": _l("password"),
    "otp": _l("code of the app"),
    "key": _l("passkey"),
    "rcv": _l("recovery code"),
    "dev": _l("trusted browser"),
    "ctc": _l("code to a recovery contact"),
    "link": _l("link in a mail"),
    "apr": _l("agreement of our support team"),
}


def sentence(entry: Entry, names: Mapping[str, str]) -> str:
    """What happened, to its subject.

    Args:
        names: what the things of the event are called: `company`, `product`, `role`, `application`.
    """
    varied = f"{entry.name}:{entry.details.get(VARIED[entry.name])}" if entry.name in VARIED else entry.name
    text = str(SENTENCES.get(varied) or SENTENCES[entry.name])
    proved = entry.details.get("methods")
    methods = ", ".join(str(METHODS[each]) for each in METHODS if each in proved) if isinstance(proved, list) else ""
    values = {key: str(entry.details.get(key, "")) for key in ("case", "left")}
    return text % defaultdict(lambda: "–", {**values, "methods": methods, **names})
