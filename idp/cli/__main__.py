"""`python -m idp.cli` is the `idp` command."""

from idp.cli import main

main()
