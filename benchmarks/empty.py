"""The measure everything is compared with: one empty Flask route."""

from flask import Flask


def create_app() -> Flask:
    app = Flask(__name__)

    @app.get("/empty")
    def empty() -> str:
        return ""

    return app
