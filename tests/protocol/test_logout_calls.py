"""Calling a product's logout address: an answer in time, or none (security.md F-39)."""

import socket
import threading
import time
import warnings

import pytest

from idp.core import calling
from tests.protocol.receiver import dribbling, receiving


@pytest.mark.parametrize("beginning", [b"", b"HTTP/1.1 2", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 204 "])
def test_a_product_that_answers_byte_by_byte_holds_nobody(beginning: bytes) -> None:
    """Each byte comes in time; the answer does not."""
    before = threading.active_count()
    with dribbling(beginning) as address:
        began = time.monotonic()
        with pytest.raises(calling.NoAnswer):
            calling.post(address, {"logout_token": "x"}, seconds=1)
        assert time.monotonic() - began < 2
    assert threading.active_count() == before


def test_the_tls_handshake_has_no_more_time() -> None:
    with dribbling(b"\x16\x03\x03\x40\x00") as address:
        began = time.monotonic()
        with pytest.raises(calling.NoAnswer):
            calling.post(address.replace("http:", "https:"), {"logout_token": "x"}, seconds=1)
        assert time.monotonic() - began < 2


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(calling.NoAnswer, match="^ConnectionError$"):
        calling.post(f"http://127.0.0.1:{port}/", {}, seconds=1)


def test_the_form_arrives_and_nothing_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's proxy is none of a product's business."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with receiving() as receiver, warnings.catch_warnings():
        warnings.simplefilter("error")
        receiver.answers = [204, 302]
        receiver.location = receiver.address
        form = {"logout_token": "a&b=c"}
        assert calling.post(receiver.address, form, seconds=3) == 204
        assert calling.post(f"{receiver.address}?of=me", form, seconds=3) == 302
        assert [path for path, _, _ in receiver.received] == ["/backchannel-logout", "/backchannel-logout?of=me"]
        assert [sent for _, _, sent in receiver.received] == [{"logout_token": ["a&b=c"]}] * 2
