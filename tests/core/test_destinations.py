"""Which addresses may be called: public ones over https, and nothing that leads into our own network (R-70)."""

from ipaddress import ip_address

import pytest

from idp.core.destinations import Destinations, NotAllowed, networks, public

CLOSED = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.255",
    "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.0.192", "192.0.2.1",
    "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.2.3", "240.0.0.1",
    "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:a9fe:a9fe", "64:ff9b::7f00:1",
    "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:10::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1",
    "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
]  # fmt: skip
OPEN = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "172.15.0.1", "172.32.0.1", "2606:4700::1111", "2a01:e0a::1"]


@pytest.mark.parametrize("text", CLOSED)
def test_an_address_that_is_no_public_machine_is_closed(text: str) -> None:
    assert not public(ip_address(text))
    host = f"[{text}]" if ":" in text else text
    with pytest.raises(NotAllowed):
        Destinations().target(f"https://{host}/")


@pytest.mark.parametrize("text", OPEN)
def test_a_public_address_is_open(text: str) -> None:
    host = f"[{text}]" if ":" in text else text
    assert Destinations().target(f"https://{host}/").literal == ip_address(text)


@pytest.mark.parametrize("text", ["169.254.169.254", "168.63.129.16", "100.100.100.200", "[fd00:ec2::254]"])
def test_the_metadata_of_a_cloud_stays_closed_whatever_is_opened(text: str) -> None:
    everything = Destinations(networks=networks("0.0.0.0/0,::/0"))
    with pytest.raises(NotAllowed):
        everything.target(f"https://{text}/")
    assert everything.target("https://10.0.0.1/")


@pytest.mark.parametrize("text", ["[fe80::1%25eth0]", "[fe80::1%eth0]", "[fd00::1%eth0]"])
def test_a_scope_is_never_called(text: str) -> None:
    with pytest.raises(NotAllowed):
        Destinations(networks=networks("fd00::/8,fe80::/10")).target(f"https://{text}/")


@pytest.mark.parametrize(
    "uri",
    [
        "", "/", "app.example", "//app.example/", "http://app.example/", "ftp://app.example/", "file:///etc/passwd",
        "gopher://app.example/", "https://", "https:///x", "https://user@app.example/", "https://u:p@app.example/",
        "https://app.example:0/", "https://app.example:22/", "https://app.example:25/", "https://app.example:80/",
        "https://app.example:5432/", "https://app.example:6379/", "https://app.example:99999/", "https://app.example:x/",
        "https://app.example/\r\nX: y", "https://app.example/a b", "https://app.exämple/", "https://[::1/",
        "HTTP://127.0.0.1/",
    ],
)  # fmt: skip
def test_another_form_is_not_called(uri: str) -> None:
    with pytest.raises(NotAllowed):
        Destinations().target(uri)


@pytest.mark.parametrize("uri", ["https://app.example", "https://app.example:443/", "https://app.example:8443/a?b=c"])
def test_a_usual_address_is_taken_apart(uri: str) -> None:
    found = Destinations().target(uri)
    assert found.host == "app.example"
    assert found.path in ("/", "/a?b=c")


def test_development_opens_loopback_and_nothing_else() -> None:
    at_home = Destinations(development=True)
    for uri in ("http://127.0.0.1/", "http://127.0.0.1:8001/", "http://[::1]:8001/", "https://127.0.0.1/"):
        assert at_home.target(uri)
    for uri in ("http://10.0.0.1/", "https://10.0.0.1/", "http://8.8.8.8/", "http://[::ffff:127.0.0.1]/"):
        with pytest.raises(NotAllowed):
            at_home.target(uri)
