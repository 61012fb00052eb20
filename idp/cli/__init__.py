"""The `idp` command: one room per noun, one verb per act. `docs/cli.md` lists them with their exit codes."""

import sys

import click

from idp.cli import (
    access,
    accounts,
    audit,
    billing,
    cases,
    clients,
    companies,
    database,
    demo,
    issuers,
    keys,
    outbox,
    policies,
    serve,
    sharing,
    subscriptions,
)
from idp.cli.context import Exit, complain


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def idp() -> None:
    """Operate an instance of Sésame. Settings come from IDP_* variables over idp.toml.

    Exit codes: 0 done, 1 refused or not found, 2 wrong usage, 3 wrong configuration, 4 unavailable, try again.
    """


for noun in (
    database.db,
    policies.policies,
    accounts.accounts,
    access.access,
    cases.cases,
    clients.clients,
    companies.companies,
    keys.keys,
    issuers.issuers,
    billing.billing,
    subscriptions.subscriptions,
    outbox.outbox,
    audit.audit,
    sharing.sharing,
    demo.demo,
    serve.serve,
):
    idp.add_command(noun)


def main() -> None:
    """Entry point of the `idp` command."""
    as_json = "--json" in sys.argv[1:]
    try:
        sys.exit(idp.main(standalone_mode=False) or Exit.OK)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(Exit.USAGE)
    except click.ClickException as error:
        hint = f" See `{error.ctx.command_path} --help`." if isinstance(error, click.UsageError) and error.ctx else ""
        complain("usage", error.format_message() + hint, as_json=as_json)
        sys.exit(Exit.USAGE)
