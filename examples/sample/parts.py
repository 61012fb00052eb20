"""The parts of one running product, put together by `app.create_app` and found again by the views."""

from dataclasses import dataclass, field

from flask import Flask, current_app

from examples.sample.config import Config
from examples.sample.permissions import Gate
from examples.sample.product import Product
from examples.sample.service import Service
from examples.sample.session import SessionStore
from examples.sample.tokens import Epochs, SeenOnce, Verifier

_NAME = "sample"


@dataclass(frozen=True)
class Parts:
    product: Product
    config: Config
    service: Service
    verifier: Verifier
    gate: Gate
    store: SessionStore
    epochs: Epochs
    logout_tokens: SeenOnce = field(default_factory=SeenOnce)


def join(app: Flask, parts: Parts) -> None:
    app.extensions[_NAME] = parts


def parts() -> Parts:
    found = current_app.extensions[_NAME]
    assert isinstance(found, Parts)
    return found
