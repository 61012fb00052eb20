"""Certificates of clients: settings that would believe too much, and what products are told to compare."""

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from idp.core.errors import ConfigurationError
from idp.core.settings import Settings
from idp.web import client_certificates
from tests.certified import issue
from tests.docs.tables import DOCS


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_certificate_header": "X-Client-Cert", "client_certificate_proxies": "192.0.2.10"},
        {"client_certificate_header": "X_Client_Cert", "client_certificate_proxies": "192.0.2.10"},
        {"client_certificate_header": "ClientCertificate"},
        {"client_certificate_header": "ClientCertificate", "client_certificate_proxies": "everybody"},
        {"mtls_origin": "https://mtls.company.example"},
        {
            "client_certificate_header": "ClientCertificate",
            "client_certificate_proxies": "192.0.2.10",
            "mtls_origin": "http://a.example",
        },
    ],
    ids=str,
)
def test_settings_that_would_believe_too_much_are_refused(wrong: dict[str, str]) -> None:
    """A header with a hyphen could be sent with an underscore, past a proxy that removes the other one."""
    with pytest.raises(ValidationError):
        Settings(**wrong)  # type: ignore[arg-type]


def test_authorities_that_cannot_be_read_stop_the_start(tmp_path: Path) -> None:
    path = tmp_path / "authorities.pem"
    settings: dict[str, Any] = {
        "client_certificate_header": "ClientCertificate", "client_certificate_proxies": "192.0.2.10",
        "client_certificate_authorities": path,
    }  # fmt: skip
    for text in (None, "x"):
        if text is not None:
            path.write_text(text)
        with pytest.raises(ConfigurationError):
            client_certificates.read(Settings(**settings))


def test_the_check_that_the_documentation_gives_to_products_does_it() -> None:
    page = (DOCS / "integrate" / "any-oidc-library.md").read_text("utf-8")
    found = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (code,) = [each for each in found if "def shows" in each]
    made: dict[str, Any] = {"base64": base64, "hashlib": hashlib}
    exec(code, made)
    held = issue()
    claims = {"cnf": {"x5t#S256": held.thumbprint}}
    assert [made["shows"](der, claims) for der in (held.der, issue().der, None)] == [True, False, False]
