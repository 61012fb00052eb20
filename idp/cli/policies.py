"""`idp policies`: the files that say what the business allows."""

from pathlib import Path
from typing import Any

import click

from idp.cli.context import Output, settings, verb
from idp.core.errors import NotFound
from idp.policy.load import load


@click.group()
def policies() -> None:
    """The files that say what the business allows."""


@verb(policies, "check")
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
def check(out: Output, folder: Path | None) -> None:
    """Read and cross-check the policy files of FOLDER, or of this instance; exit code 3 when one is wrong."""
    chosen = folder or settings().policies_dir
    loaded = load(chosen)
    products, roles = list(loaded.products), len(loaded.roles)
    out.result(
        {"folder": str(chosen), "revision": loaded.revision, "products": products, "roles": roles},
        f"{chosen}: {len(products)} products with {roles} roles; every reference holds.",
    )


@verb(policies, "show")
@click.argument("product", required=False)
@click.argument("role", required=False)
def show(out: Output, product: str | None, role: str | None) -> None:
    """List the products, the roles of a PRODUCT, or the permissions of a ROLE."""
    loaded = load(settings().policies_dir)
    if product is None:
        listed = [{"product": name, "roles": list(found.roles)} for name, found in loaded.products.items()]
        out.table(listed, ["product", "roles"])
        return
    if product not in loaded.products:
        raise NotFound(kind="product")
    held = {name: loaded.roles[name] for name in loaded.products[product].roles}
    if role is None:
        rows: list[dict[str, Any]] = [
            {"role": name, "permissions": len(found.permissions), "mfa_required": found.mfa_required}
            for name, found in held.items()
        ]
        out.table(rows, ["role", "permissions", "mfa_required"])
        return
    if role not in held:
        raise NotFound(kind="role")
    permissions = sorted(held[role].permissions)
    out.result({"product": product, "role": role, "permissions": permissions}, *permissions)
