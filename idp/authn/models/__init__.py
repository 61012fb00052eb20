"""Credentials, attempts to sign in, sessions."""

from idp.authn.models.credential import (
    FormerPassword,
    PasswordCredential,
    RecoveryCode,
    Throttle,
    TotpAuthenticator,
    TrustedDevice,
)
from idp.authn.models.notice import NoticeLink
from idp.authn.models.one_time_code import OneTimeCode, RecoveryCodeSet
from idp.authn.models.passkey import Passkey, PasskeyChallenge
from idp.authn.models.session import Session
from idp.authn.models.sharing import SharingAnswer, SharingPass, SharingSignal
from idp.authn.models.sign_in import MailedLink, Proof, SignIn

__all__ = [
    "FormerPassword",
    "MailedLink",
    "NoticeLink",
    "OneTimeCode",
    "Passkey",
    "PasskeyChallenge",
    "PasswordCredential",
    "Proof",
    "RecoveryCode",
    "RecoveryCodeSet",
    "Session",
    "SharingAnswer",
    "SharingPass",
    "SharingSignal",
    "SignIn",
    "Throttle",
    "TotpAuthenticator",
    "TrustedDevice",
]
