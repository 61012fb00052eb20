"""The API at `/api/v1`: one file per resource, each with its shapes, over the commands that the pages call too."""

from importlib import import_module

from flask_openapi3 import OpenAPI

ROOMS = (
    "access", "access_log", "applications", "assignments", "client_groups", "closing", "companies", "custom_roles",
    "firm", "firm_mandates", "invitations", "mandates", "memberships", "operations", "operations_accounts",
    "operations_cases", "operations_companies", "operations_log", "permission_sets", "product_roles",
    "role_previews", "roles", "security", "services", "subscriptions",
)  # fmt: skip


def install(app: OpenAPI) -> None:
    """Give the application its API, and the document that describes it."""
    from idp.web.api import document, reading

    app.validation_error_callback = reading.refuse
    for name in ROOMS:
        app.register_api(import_module(f"{__name__}.{name}").room.blueprint)
    app.register_blueprint(document.blueprint)
