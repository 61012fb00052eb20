"""What this floor holds about a person: see `accounts.personal_data`."""

from idp.accounts.personal_data import children, of
from idp.authn.models import (
    FormerPassword,
    MailedLink,
    NoticeLink,
    OneTimeCode,
    Passkey,
    PasswordCredential,
    Proof,
    RecoveryCode,
    RecoveryCodeSet,
    Session,
    SharingAnswer,
    SharingSignal,
    SignIn,
    TotpAuthenticator,
    TrustedDevice,
)

HELD = (
    of("password", PasswordCredential, secret="hash"),
    of("former_passwords", FormerPassword, secret="hash"),
    of("authenticator_apps", TotpAuthenticator, secret="secret last_step"),
    of("passkeys", Passkey, secret="public_key"),
    of("recovery_codes", RecoveryCode, secret="digest"),
    of("recovery_code_sets", RecoveryCodeSet),
    of("browsers", TrustedDevice, secret="token_digest"),
    of("sessions", Session, secret="token_digest"),
    children("proofs", Proof, "sign_in_id", SignIn),
    of("sign_ins", SignIn, secret="token_digest pending_secret"),
    of("mailed_links", MailedLink, secret="token_digest"),
    of("notices", NoticeLink, secret="token_digest"),
    of("codes_sent", OneTimeCode, secret="digest"),
    of("sharing_signs", SharingSignal),
    of("sharing_answers", SharingAnswer),
)
