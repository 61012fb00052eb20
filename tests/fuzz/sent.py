"""One request as it is made up, written down, and sent; it names what is held instead of spelling it out."""

import io
import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import unquote_to_bytes

from werkzeug.test import run_wsgi_app

from idp.web.work import Application
from tests.fuzz.world import World, encoded

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Sent:
    """A request.

    Attributes:
        path: as the request line has it; percent-encoded where it is strange.
        form: the body, as a form; or `data`, as JSON; or `raw`, as it is.
    """

    method: str
    path: str
    query: Pairs = ()
    form: Pairs | None = None
    data: Any = None
    raw: bytes | None = None
    content_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def with_header(self, name: str, value: str) -> "Sent":
        return replace(self, headers={**self.headers, name: value})

    def __str__(self) -> str:
        """One line that `FUZZ_REQUEST` takes back."""
        said = {name: value for name, value in asdict(self).items() if value not in (None, (), {})}
        if self.raw is not None:
            said["raw"] = self.raw.decode("latin-1")
        return json.dumps(said)

    @classmethod
    def read(cls, line: str) -> "Sent":
        """What `str` wrote."""
        said = json.loads(line)
        for name in ("query", "form"):
            if name in said:
                said[name] = tuple((each[0], each[1]) for each in said[name])
        if "raw" in said:
            said["raw"] = said["raw"].encode("latin-1")
        return cls(**said)


@dataclass(frozen=True)
class Spelt:
    """A request with everything spelt out, as it goes over the wire."""

    method: str
    path: str
    query: str
    body: bytes
    content_type: str
    headers: dict[str, str]

    @property
    def everything(self) -> str:
        """All of it, to look for what it carries."""
        return "\n".join((self.path, self.query, _decoded(self.query), self.posted, *self.headers.values()))

    @property
    def posted(self) -> str:
        """Its body, as it is and as a form's values are meant."""
        plain = self.body.decode("utf-8", "replace")
        return f"{plain}\n{_decoded(plain)}"


def _decoded(form: str) -> str:
    return unquote_to_bytes(form.replace("+", " ")).decode("utf-8", "replace")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: str

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


def spell(world: World, sent: Sent) -> Spelt:
    """Put in what the request names."""

    def put(pairs: Pairs) -> str:
        return encoded([(world.put(name), world.put(value)) for name, value in pairs])

    body, kind = b"", sent.content_type
    if sent.raw is not None:
        body, kind = sent.raw, kind or FORM
    elif sent.data is not None:
        body, kind = world.put(json.dumps(sent.data)).encode(), kind or JSON
    elif sent.form is not None:
        body, kind = put(sent.form).encode(), kind if kind is not None else FORM
    headers = {name: world.put(value) for name, value in sent.headers.items()}
    return Spelt(sent.method, world.put(sent.path), put(sent.query), body, kind or "", headers)


def send(app: Application, spelt: Spelt) -> Answer:
    """Hand it to the application, as a server would."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": spelt.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(spelt.path).decode("latin-1"),
        "QUERY_STRING": spelt.query,
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "CONTENT_TYPE": spelt.content_type,
        "CONTENT_LENGTH": str(len(spelt.body)),
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(spelt.body),
        "wsgi.errors": io.StringIO(), "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False,
    }  # fmt: skip
    for name, value in spelt.headers.items():
        environ["HTTP_" + name.upper().replace("-", "_")] = value.encode("utf-8", "replace").decode("latin-1")
    body, status, headers = run_wsgi_app(app, environ, buffered=True)  # type: ignore[arg-type]
    content = b"".join(body)
    if hasattr(body, "close"):
        body.close()
    return Answer(int(status.split()[0]), list(headers), content.decode("utf-8", "replace"))
