"""The outbound door: https to checked and pinned addresses, no redirect, one deadline, 64 KiB (R-70)."""

import gzip
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from idp.core import calling
from idp.core.calling import LONGEST, NoAnswer, Outbound
from idp.core.destinations import Destinations, networks
from idp.core.errors import ConfigurationError
from idp.core.settings import Settings
from tests.core.web_server import certificate, send, serving
from tests.protocol.receiver import dribbling, receiving

AT_HOME = Outbound(Destinations(development=True))


def ok(handler: BaseHTTPRequestHandler) -> None:
    send(handler, b'{"keys": []}', Cache_Control="public, max-age=600")


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, list[list[str]]], list[str]]:
    """Let a name resolve to these addresses, answer after answer; answers the list of questions asked."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def teach(name: str, answers: list[list[str]]) -> list[str]:
        def getaddrinfo(host: Any, port: Any, *args: Any, **options: Any) -> Any:
            if host != name:
                return real(host, port, *args, **options)
            asked.append(host)
            found = answers.pop(0) if len(answers) > 1 else answers[0]
            return [
                (socket.AF_INET6 if ":" in each else socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
                for each in found
            ]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return teach


# --- TLS, and where the connection goes ---


def test_the_name_is_verified_while_the_checked_address_is_called(
    tmp_path: Path, names: Callable[[str, list[list[str]]], list[str]]
) -> None:
    cert = certificate(tmp_path, "app.example")
    door = Outbound(Destinations(networks=networks("127.0.0.0/8")), cert)
    asked = names("app.example", [["127.0.0.1"]])
    seen: list[str] = []

    def respond(handler: BaseHTTPRequestHandler) -> None:
        seen.append(handler.headers["Host"])
        ok(handler)

    with serving(respond, cert=cert) as port:
        document = door.fetch(f"https://app.example:{port}/jwks")
    assert document == (b'{"keys": []}', 600)
    assert seen == [f"app.example:{port}"]
    assert len(asked) == 1, "the name is resolved once"


def test_a_certificate_for_another_name_is_not_believed(
    tmp_path: Path, names: Callable[[str, list[list[str]]], list[str]]
) -> None:
    cert = certificate(tmp_path, "other.example")
    names("app.example", [["127.0.0.1"]])
    door = Outbound(Destinations(networks=networks("127.0.0.0/8")), cert)
    with serving(ok, cert=cert) as port, pytest.raises(NoAnswer, match="SSLCertVerificationError"):
        door.fetch(f"https://app.example:{port}/")


def test_an_unknown_authority_is_not_believed(tmp_path: Path) -> None:
    cert = certificate(tmp_path, "127.0.0.1")
    with serving(ok, cert=cert) as port, pytest.raises(NoAnswer, match="SSLCertVerificationError"):
        AT_HOME.fetch(f"https://127.0.0.1:{port}/")


def test_a_name_that_changes_its_mind_leads_nowhere_new(names: Callable[[str, list[list[str]]], list[str]]) -> None:
    """DNS rebinding: a public address when it is looked at, our own a moment later."""
    hits: list[str] = []

    def respond(handler: BaseHTTPRequestHandler) -> None:
        hits.append(handler.path)
        ok(handler)

    with serving(respond) as port:
        asked = names("rebind.example", [["192.0.2.1"], ["127.0.0.1"]])
        with pytest.raises(NoAnswer, match="NotAllowed"):
            Outbound().fetch(f"https://rebind.example:{port}/")
        asked.clear()
        names("rebind.example", [["8.8.8.8"], ["127.0.0.1"]])
        with pytest.raises(NoAnswer):
            Outbound().fetch(f"https://rebind.example:{port}/", seconds=0.5)
        assert len(asked) == 1
    assert hits == []


@pytest.mark.parametrize("place", [0, 1])
def test_one_forbidden_address_among_several_closes_the_door(
    names: Callable[[str, list[list[str]]], list[str]], place: int
) -> None:
    addresses = ["127.0.0.1", "8.8.8.8"]
    names("mixed.example", [addresses[place:] + addresses[:place]])
    with pytest.raises(NoAnswer, match="NotAllowed"):
        Outbound().send("https://mixed.example/", b"", {})


def test_without_permission_nothing_of_this_machine_is_called(tmp_path: Path) -> None:
    hits: list[str] = []

    def respond(handler: BaseHTTPRequestHandler) -> None:
        hits.append(handler.path)
        ok(handler)

    cert = certificate(tmp_path, "localhost")
    with serving(respond, cert=cert) as port:
        for host in ("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0.0.0.0"):
            with pytest.raises(NoAnswer):
                Outbound(authorities=cert).fetch(f"https://{host}:{port}/")
    assert hits == []


def test_http_is_for_loopback_in_development_alone(names: Callable[[str, list[list[str]]], list[str]]) -> None:
    names("app.example", [["127.0.0.1"]])
    with serving(ok) as port:
        assert AT_HOME.fetch(f"http://127.0.0.1:{port}/").body
        assert AT_HOME.fetch(f"http://app.example:{port}/").body, "what counts is the address"
        for door in (Outbound(), Outbound(Destinations(networks=networks("127.0.0.0/8")))):
            with pytest.raises(NoAnswer, match="NotAllowed"):
                door.fetch(f"http://127.0.0.1:{port}/")
    with pytest.raises(NoAnswer, match="NotAllowed"):
        AT_HOME.fetch("http://8.8.8.8/")


def test_what_the_operator_has_set_is_called_wherever_it_is() -> None:
    with serving(ok) as port:
        assert calling.OF_THE_OPERATOR.send(f"http://127.0.0.1:{port}/", b"x", {}) == 200


# --- what an answer may be ---


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    hits: list[str] = []

    def respond(handler: BaseHTTPRequestHandler) -> None:
        hits.append(handler.path)
        send(handler, b"", status, Location="/elsewhere")

    with serving(respond) as port:
        address = f"http://127.0.0.1:{port}/"
        with pytest.raises(NoAnswer, match=f"^status {status}$"):
            AT_HOME.fetch(address)
        assert AT_HOME.send(address, b"", {}) == status
    assert hits == ["/", "/"]


@pytest.mark.parametrize("status", [201, 204, 206, 401, 404, 500])
def test_only_200_is_a_document(status: int) -> None:
    with serving(lambda handler: send(handler, b"", status)) as port, pytest.raises(NoAnswer, match=f"status {status}"):
        AT_HOME.fetch(f"http://127.0.0.1:{port}/")


def chunked(handler: BaseHTTPRequestHandler) -> None:
    handler.protocol_version = "HTTP/1.1"
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for _ in range(200):
        handler.wfile.write(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")
    handler.wfile.write(b"0\r\n\r\n")


def nameless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(200):
        handler.wfile.write(b"x" * 4096)


@pytest.mark.parametrize(
    "respond",
    [lambda handler: send(handler, b"x" * (LONGEST + 1)), chunked, nameless],
    ids=["told", "chunks", "untold"],
)
def test_a_long_answer_is_no_answer(respond: Callable[[BaseHTTPRequestHandler], None]) -> None:
    with serving(respond) as port, pytest.raises(NoAnswer, match="TooLong"):
        AT_HOME.fetch(f"http://127.0.0.1:{port}/")


def test_the_longest_answer_is_read() -> None:
    with serving(lambda handler: send(handler, b"x" * LONGEST)) as port:
        assert len(AT_HOME.fetch(f"http://127.0.0.1:{port}/").body) == LONGEST


def test_a_compressed_answer_is_not_unpacked() -> None:
    """A gzip bomb: a few kilobytes that unpack to sixteen megabytes."""
    bomb = gzip.compress(b"\x00" * 16_000_000)
    seen: list[str] = []

    def respond(handler: BaseHTTPRequestHandler) -> None:
        seen.append(handler.headers["Accept-Encoding"])
        send(handler, bomb, Content_Encoding="gzip")

    with serving(respond) as port, pytest.raises(NoAnswer, match="Compressed"):
        AT_HOME.fetch(f"http://127.0.0.1:{port}/")
    assert seen == ["identity"]


def test_a_body_that_ends_early_is_no_answer() -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"x")

    with serving(respond) as port, pytest.raises(NoAnswer, match="IncompleteRead"):
        AT_HOME.fetch(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("max-age=60", 60),
        ("no-store", 0),
        ("no-cache, max-age=60", 0),
        ("", None),
        ("max-age=x", None),
        ("max-age=", None),
    ],
)
def test_how_long_it_may_be_kept(said: str, kept: int | None) -> None:
    with serving(lambda handler: send(handler, b"{}", Cache_Control=said)) as port:
        assert AT_HOME.fetch(f"http://127.0.0.1:{port}/").max_age == kept


# --- an answer in time, or none (F-39) ---


@pytest.mark.parametrize("beginning", [b"", b"HTTP/1.1 2", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 204 "])
def test_a_product_that_answers_byte_by_byte_holds_nobody(beginning: bytes) -> None:
    """Each byte comes in time; the answer does not."""
    before = threading.active_count()
    with dribbling(beginning) as address:
        began = time.monotonic()
        with pytest.raises(NoAnswer):
            AT_HOME.post(address, {"logout_token": "x"}, seconds=0.5)
        assert time.monotonic() - began < 1.5
    assert threading.active_count() == before


def test_a_document_that_drips_holds_nobody() -> None:
    with dribbling(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n") as address:
        began = time.monotonic()
        with pytest.raises(NoAnswer):
            AT_HOME.fetch(address, seconds=0.5)
        assert time.monotonic() - began < 1.5


def test_the_tls_handshake_has_no_more_time() -> None:
    with dribbling(b"\x16\x03\x03\x40\x00") as address:
        began = time.monotonic()
        with pytest.raises(NoAnswer):
            AT_HOME.post(address.replace("http:", "https:"), {"logout_token": "x"}, seconds=0.5)
        assert time.monotonic() - began < 1.5


def test_a_resolver_that_does_not_answer_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def silent(*_: Any, **__: Any) -> Any:
        over.wait(5)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    began = time.monotonic()
    try:
        for _ in range(10):  # more than may be asked at once
            with pytest.raises(NoAnswer, match="TimeoutError"):
                Outbound().fetch("https://silent.example/", seconds=0.05)
        assert time.monotonic() - began < 2
    finally:
        over.set()


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NoAnswer, match="^ConnectionError$"):
        AT_HOME.post(f"http://127.0.0.1:{port}/", {}, seconds=1)


def test_the_form_arrives_and_nothing_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with receiving() as receiver:
        receiver.answers = [204, 302]
        receiver.location = receiver.address
        form = {"logout_token": "a&b=c"}
        assert AT_HOME.post(receiver.address, form) == 204
        assert AT_HOME.post(f"{receiver.address}?of=me", form) == 302
        assert [path for path, _, _ in receiver.received] == ["/backchannel-logout", "/backchannel-logout?of=me"]
        assert [sent for _, _, sent in receiver.received] == [{"logout_token": ["a&b=c"]}] * 2
        assert "Authorization" not in receiver.received[0][1]


# --- settings ---


def test_an_instance_without_settings_calls_public_addresses_alone(tmp_path: Path) -> None:
    door = calling.door(Settings(data_dir=tmp_path))
    assert door.allows("https://8.8.8.8/")
    assert not door.allows("https://10.20.0.1/")
    assert not door.allows("http://127.0.0.1/")


def test_an_operator_opens_networks_of_their_own(tmp_path: Path) -> None:
    door = calling.door(Settings(data_dir=tmp_path, outbound_networks="10.20.0.0/16, fd12::/32"))
    assert door.allows("https://10.20.0.1/")
    assert door.allows("https://[fd12::1]/")
    assert not door.allows("https://10.21.0.1/")
    assert not door.allows("http://10.20.0.1/")


@pytest.mark.parametrize("value", ["10.20.0.1/16", "x", "10.0.0.0/33", "10.0.0.0/8;fd00::/8"])
def test_a_network_that_is_none_stops_the_start(value: str) -> None:
    with pytest.raises(ValueError, match="networks are written as"):
        Settings(outbound_networks=value)


def test_a_file_that_holds_no_authority_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "authorities.pem"
    for content in (None, "no certificate"):
        if content is not None:
            path.write_text(content)
        with pytest.raises(ConfigurationError, match="IDP_OUTBOUND_AUTHORITIES"):
            calling.door(Settings(data_dir=tmp_path, outbound_authorities=path))
