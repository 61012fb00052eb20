"""How many SQL statements each measured act sends, counted inside this process on the same database."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from sqlalchemy import event

from benchmarks.flows import Client, Send
from benchmarks.world import World
from idp.web.work import database

CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


def count(world: World) -> dict[str, int]:
    """Statements per act, transaction control left out, once everything that is remembered is remembered."""
    from benchmarks.__main__ import actions

    seen: list[str] = []
    with world.app.app_context():
        engine = database.engine

    @event.listens_for(engine, "before_cursor_execute")
    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if not statement.upper().startswith(CONTROL):
            seen.append(statement)

    client = Client(world, inside(world))
    world.forget_spent_codes()
    client.sign_in()
    found: dict[str, int] = {}
    for name, act in actions(client).items():
        found[name] = _statements(world, name, act, seen)
    return found


def _statements(world: World, name: str, act: Callable[[], object], seen: list[str]) -> int:
    counts = []
    for _ in range(3):
        if name.startswith("sign-in"):
            world.forget_spent_codes()
        seen.clear()
        act()
        counts.append(len(seen))
    return min(counts)


def inside(world: World) -> Send:
    """Send requests to the application in this process, without a server."""

    def send(method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        path, _, query = path.removeprefix(world.settings.issuer).partition("?")
        environ = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "SERVER_NAME": "localhost",
            "SERVER_PORT": "80", "HTTP_HOST": "localhost", "SERVER_PROTOCOL": "HTTP/1.1", "SCRIPT_NAME": "",
            "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http", "wsgi.input": BytesIO(body or b""),
            "wsgi.errors": BytesIO(), "CONTENT_LENGTH": str(len(body or b"")),
        }  # fmt: skip
        for name, value in headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        answer: list[Any] = []

        def start(status: str, sent: list[tuple[str, str]], exc_info: object = None) -> None:
            answer[:] = [int(status[:3]), sent]

        chunks = world.app(environ, start)
        content = b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
        cookies = "\n".join(value for name, value in answer[1] if name == "Set-Cookie")
        return answer[0], {**dict(answer[1]), "Set-Cookie": cookies}, content

    return send
