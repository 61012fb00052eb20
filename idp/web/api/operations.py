"""What the staff of this service read: applications, keys and the catalogue. Never a secret (OPS-04)."""

from idp.oidc import clients, keys
from idp.oidc.clients import RegisteredClient
from idp.web.api.room import Room
from idp.web.api.shapes import Labels, Moment, Sent, Shown
from idp.web.work import open_work

room = Room("operations", "Operations", "Running this service: applications, signing keys, the catalogue.")


class ClientName(Sent):
    client_id: str


class ApplicationShown(Shown):
    """A registered application, without its secrets."""

    client_id: str
    names: Labels
    product: str | None
    resource: str | None
    token_endpoint_auth_method: str
    redirect_uris: list[str]
    grant_types: list[str]
    scope: str
    trusted: bool
    require_pkce: bool
    permissions: list[str]
    created_at: Moment


class ApplicationList(Shown):
    data: list[ApplicationShown]
    next: None


class KeyShown(Shown):
    """A signing key: its name and its state, never the key itself."""

    kid: str
    algorithm: str
    state: str
    created_at: Moment
    activated_at: Moment | None
    retired_at: Moment | None


class KeyList(Shown):
    data: list[KeyShown]
    next: None


class CatalogueRole(Shown):
    id: str
    labels: Labels
    permissions: list[str]


class CatalogueProduct(Shown):
    id: str
    labels: Labels
    roles: list[CatalogueRole]


class CatalogueShown(Shown):
    """The catalogue in force; `revision` changes with its files."""

    revision: str
    products: list[CatalogueProduct]


@room.get("/operations/clients", may=("operations.clients.view",), shows=ApplicationList)
def list_applications() -> ApplicationList:
    """The registered applications."""
    return ApplicationList(data=[_shown(each) for each in clients.listing(open_work())], next=None)


@room.get("/operations/clients/<client_id>", may=("operations.clients.view",), shows=ApplicationShown, tagged=True)
def show_application(path: ClientName) -> ApplicationShown:
    """A registered application."""
    return _shown(clients.get(open_work(), path.client_id))


@room.get("/operations/keys", may=("operations.keys.view",), shows=KeyList)
def list_keys() -> KeyList:
    """The signing keys."""
    return KeyList(data=[KeyShown(**each) for each in keys.listing(open_work())], next=None)


@room.get("/operations/catalogue", may=("operations.catalogue.view",), shows=CatalogueShown)
def show_catalogue() -> CatalogueShown:
    """The products with their roles, and what each role permits with every switch off."""
    policies = open_work().policies
    products = [
        CatalogueProduct(
            id=each.id,
            labels=dict(each.label),
            roles=[
                CatalogueRole(id=role.id, labels=dict(role.label), permissions=sorted(role.permissions))
                for role in (policies.roles[name] for name in each.roles)
            ],
        )
        for each in policies.products.values()
    ]
    return CatalogueShown(revision=policies.revision, products=products)


def _shown(found: RegisteredClient) -> ApplicationShown:
    return ApplicationShown.model_validate(found)
