"""A product's back-channel logout address: a small real HTTP server that keeps what it is sent."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs


@dataclass
class Receiver:
    """What arrived, and what is answered to the next requests."""

    address: str = ""
    received: list[tuple[str, dict[str, str], dict[str, list[str]]]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    location: str = ""

    @property
    def tokens(self) -> list[str]:
        return [form["logout_token"][0] for _, _, form in self.received]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens on a loopback address until the end of the block."""
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            form = self.headers.get("Content-Type") == "application/x-www-form-urlencoded"
            sent = parse_qs(body, strict_parsing=True) if form else {"body": [body]}
            kept.received.append((self.path, dict(self.headers.items()), sent))
            self.send_response(kept.answers.pop(0) if kept.answers else 200)
            if kept.location:
                self.send_header("Location", kept.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.address = f"http://127.0.0.1:{server.server_port}/backchannel-logout"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


@contextmanager
def dribbling(beginning: bytes) -> Iterator[str]:
    """The address of a product that answers this at once, and from then on a byte every tenth of a second."""
    over = threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        calling, _ = listening.accept()
        with calling:
            try:
                calling.recv(65536)
                calling.sendall(beginning)
                while not over.wait(0.1):
                    calling.sendall(b"a")
            except OSError:
                pass  # the caller has hung up

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    with listening:
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/backchannel-logout"
        finally:
            over.set()
            thread.join(timeout=5)
