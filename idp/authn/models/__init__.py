"""Credentials, attempts to sign in, sessions."""

from idp.authn.models.credential import PasswordCredential, RecoveryCode, Throttle, TotpAuthenticator, TrustedDevice
from idp.authn.models.session import Session
from idp.authn.models.sign_in import MailedLink, Proof, SignIn

__all__ = [
    "MailedLink",
    "PasswordCredential",
    "Proof",
    "RecoveryCode",
    "Session",
    "SignIn",
    "Throttle",
    "TotpAuthenticator",
    "TrustedDevice",
]
