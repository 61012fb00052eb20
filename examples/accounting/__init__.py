"""The sample product Accounting."""

from flask import Flask

from examples.accounting.product import PRODUCT
from examples.sample import app
from examples.sample.config import from_environment


def create_app() -> Flask:
    """The application, with its settings from the environment."""
    return app.create_app(PRODUCT, from_environment(PRODUCT))
