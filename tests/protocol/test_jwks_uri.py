"""Keys that a client publishes at its `jwks_uri`: fetched when needed, kept, fetched again for a key not known yet."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey
from sqlalchemy import delete, func, select, update
from werkzeug.test import TestResponse

from idp.core.errors import InvalidInput
from idp.oidc import client_keys, client_options, clients
from idp.oidc.models import Client, ClientKeySet
from tests.core.web_server import send, serving
from tests.party import Party
from tests.stage import Stage

FORM = {"grant_type": "client_credentials"}


@dataclass
class Publisher:
    """A client's own web server.

    Attributes:
        body: what it answers, with this status.
        hits: paths that were asked for.
    """

    body: bytes = b""
    status: int = 200
    cache: str = ""
    hits: list[str] = field(default_factory=list)
    address: str = ""
    held: threading.Event = field(default_factory=threading.Event)

    def publish(self, *keys: Any) -> None:
        self.body = json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    made = Publisher()
    made.held.set()

    def respond(handler: BaseHTTPRequestHandler) -> None:
        made.hits.append(handler.path)
        made.held.wait(5)
        send(handler, made.body, made.status, Cache_Control=made.cache)

    with serving(respond) as port:
        made.address = f"http://127.0.0.1:{port}/jwks"
        yield made


@pytest.fixture
def key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": "first"})


@pytest.fixture
def client(stage: Stage, publisher: Publisher, key: ECKey) -> Party:
    publisher.publish(key)
    return registered(stage, publisher, key)


def registered(stage: Stage, publisher: Publisher, key: Any) -> Party:
    return stage.register(
        token_endpoint_auth_method="private_key_jwt", grant_types=["client_credentials"], redirect_uris=[], key=key,
        options={"jwks_uri": publisher.address},
    )  # fmt: skip


def ask(client: Party, key: Any = None) -> TestResponse:
    key = key or client.key
    assertion = client.assertion(key=key, header={"kid": key.kid} if key.kid else {})
    return client.post("/oauth/token", **FORM, client_assertion=assertion)


def forget(stage: Stage) -> None:
    """As another process would begin: with nothing but the database."""
    with stage.work(write=False) as work:
        client_keys._REMEMBERED.pop(work.session.get_bind().engine, None)


def aged(stage: Stage, client: Party, **span: float) -> None:
    """Let the stored set be older by this, and forgotten by the process."""
    with stage.work() as work:
        key = select(Client.id).where(Client.client_id == client.client_id).scalar_subquery()
        row = work.session.execute(select(ClientKeySet).where(ClientKeySet.client_id == key)).scalar_one()
        before = {
            "fetched_at": row.fetched_at - timedelta(**span),
            "fresh_until": row.fresh_until - timedelta(**span),
        }
        work.session.execute(update(ClientKeySet).where(ClientKeySet.client_id == key).values(**before))
    forget(stage)


def test_keys_are_fetched_once_and_kept_for_every_process(stage: Stage, client: Party, publisher: Publisher) -> None:
    assert publisher.hits == [], "registering calls nobody"
    for _ in range(3):
        assert ask(client).status_code == 200
    forget(stage)
    assert ask(client).status_code == 200
    assert publisher.hits == ["/jwks"]


def test_what_the_hot_path_costs(stage: Stage, client: Party) -> None:
    """A client whose keys are known costs no statement more than one with registered keys."""
    own = stage.register(
        token_endpoint_auth_method="private_key_jwt", grant_types=["client_credentials"], redirect_uris=[]
    )
    counts = []
    for party in (own, client):
        ask(party)
        with stage.statements() as seen:
            assert ask(party).status_code == 200
        counts.append(len([each for each in seen if "revisions" not in each]))
    assert counts[0] == counts[1]


def test_a_key_that_is_not_known_yet_is_looked_for(
    client: Party, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(client).status_code == 200
    monkeypatch.setattr(client_keys, "AGAIN_AFTER", 0.0)
    second = ECKey.generate_key("P-256", {"kid": "second"})
    publisher.publish(second)
    assert ask(client, second).status_code == 200
    assert len(publisher.hits) == 2
    assert ask(client).status_code == 401, "the first is withdrawn"


def test_a_key_without_a_name_is_looked_for(
    stage: Stage, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
    publisher.publish(first)
    client = registered(stage, publisher, first)
    assert ask(client).status_code == 200
    monkeypatch.setattr(client_keys, "AGAIN_AFTER", 0.0)
    publisher.publish(second)
    assert ask(client, second).status_code == 200


def test_unknown_keys_call_a_client_once_a_minute(client: Party, publisher: Publisher) -> None:
    """Anybody can send assertions in a client's name."""
    for number in range(20):
        assert ask(client, ECKey.generate_key("P-256", {"kid": f"forged-{number}"})).status_code == 401
    assert ask(client).status_code == 200
    assert publisher.hits == ["/jwks"]


def test_a_known_key_with_a_wrong_signature_calls_nobody(
    client: Party, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(client).status_code == 200
    monkeypatch.setattr(client_keys, "AGAIN_AFTER", 0.0)
    assert ask(client, ECKey.generate_key("P-256", {"kid": "first"})).status_code == 401
    assert publisher.hits == ["/jwks"]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_the_last_good_keys_count_while_the_client_is_down(
    stage: Stage, client: Party, publisher: Publisher, status: int
) -> None:
    assert ask(client).status_code == 200
    aged(stage, client, hours=2)
    publisher.status = status
    assert ask(client).status_code == 200
    assert ask(client).status_code == 200
    assert len(publisher.hits) == 2, "it is not asked again at once"


def test_they_count_for_a_day(stage: Stage, client: Party, publisher: Publisher) -> None:
    """Who keeps a client from answering must not keep a withdrawn key alive."""
    assert ask(client).status_code == 200
    publisher.status = 500
    aged(stage, client, hours=25)
    assert ask(client).status_code == 401


@pytest.mark.parametrize(
    ("cache", "seconds"),
    [("max-age=600", 600), ("max-age=1", 300), ("no-store", 300), ("max-age=9999999", 86400), ("", 3600)],
)
def test_how_long_they_are_kept_is_the_clients_word_within_bounds(
    stage: Stage, client: Party, publisher: Publisher, cache: str, seconds: int
) -> None:
    publisher.cache = cache
    assert ask(client).status_code == 200
    with stage.work(write=False) as work:
        key = select(Client.id).where(Client.client_id == client.client_id).scalar_subquery()
        row = work.session.execute(select(ClientKeySet).where(ClientKeySet.client_id == key)).scalar_one()
        assert (row.fresh_until - row.fetched_at).total_seconds() == seconds


UNUSABLE = {
    "nothing": b"",
    "no JSON": b"<html>",
    "deep": b'{"keys": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "a list": b"[]",
    "no list": b'{"keys": {}}',
    "no key": b'{"keys": []}',
    "strange members": b'{"keys": [1, null, "x", [], {}, {"kty": ["EC"]}, {"kty": "EC"}, {"kty": "EC", "crv": 7}]}',
    "many": json.dumps({"keys": [{"kty": "EC"}] * 33}).encode(),
    "secret": json.dumps({"keys": [OctKey.generate_key(256).as_dict(private=True)]}).encode(),
    "private": json.dumps({"keys": [ECKey.generate_key("P-256", {"kid": "first"}).as_dict(private=True)]}).encode(),
    "long": b'{"keys": [' + b" " * 70_000 + b"]}",
}


@pytest.mark.parametrize("body", UNUSABLE.values(), ids=UNUSABLE)
def test_a_set_that_cannot_be_used_is_no_set(stage: Stage, client: Party, publisher: Publisher, body: bytes) -> None:
    publisher.body = body
    assert ask(client).status_code == 401
    with stage.work(write=False) as work:
        key = select(Client.id).where(Client.client_id == client.client_id).scalar_subquery()
        assert work.session.scalar(select(func.count()).where(ClientKeySet.client_id == key)) == 0


def test_what_cannot_be_read_is_passed_over(client: Party, publisher: Publisher, key: ECKey) -> None:
    """RFC 7517 §5: keys of kinds that are not known do no harm to the others."""
    members = [{"kty": "AKP", "alg": "ML-DSA-44"}, {"kty": "oct", "k": "c2VjcmV0"}, key.as_dict(private=False)]
    publisher.body = json.dumps({"keys": members}).encode()
    assert ask(client).status_code == 200


def test_another_address_makes_the_old_keys_void(
    stage: Stage, client: Party, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(client).status_code == 200
    monkeypatch.setattr(client_keys, "AGAIN_AFTER", 0.0)
    second = ECKey.generate_key("P-256", {"kid": "second"})
    publisher.publish(second)
    stage.change_client(client.client_id, options=client_options.read({"jwks_uri": publisher.address + "/new"}))
    assert ask(client).status_code == 401
    assert ask(client, second).status_code == 200


def test_many_at_once_ask_one_time(stage: Stage, client: Party, publisher: Publisher) -> None:
    publisher.held.clear()
    threading.Timer(0.3, publisher.held.set).start()
    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(lambda _: ask(client).status_code, range(12)))
    assert statuses == [200] * 12
    assert publisher.hits == ["/jwks"]


def test_nothing_is_held_while_the_client_is_waited_for(stage: Stage, client: Party, publisher: Publisher) -> None:
    """On SQLite a writing transaction would keep everybody else from writing."""
    publisher.held.clear()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(lambda: client.post("/oauth/token", grant_type="refresh_token", refresh_token="x"))
        while not publisher.hits:
            assert not asked.done(), asked.result().text
        with stage.work() as work:
            work.session.execute(delete(ClientKeySet).where(ClientKeySet.uri == "nowhere"))
        assert not asked.done()
        publisher.held.set()
        assert asked.result().json["error"] in ("invalid_grant", "unauthorized_client")


@pytest.mark.parametrize("address", ["https://10.0.0.1/jwks", "https://169.254.169.254/", "https://app.example:22/"])
def test_an_address_that_is_not_called_is_not_registered(stage: Stage, address: str) -> None:
    asked = clients.ClientRegistration(
        names={"en": "x"}, redirect_uris=["https://app.example/cb"],
        options=client_options.read({"jwks_uri": address}),
    )  # fmt: skip
    with stage.work(write=False) as work, pytest.raises(InvalidInput) as refused:
        clients.check(work, asked)
    assert refused.value.members["field"] == "jwks_uri"
