"""Reading the tables of the documentation."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def read_table(path: Path, *header: str) -> list[list[str]]:
    """The rows of every table of a page with this header, cell by cell."""
    rows: list[list[str]] = []
    inside = False
    for line in path.read_text("utf-8").splitlines():
        cells = (
            [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))] if line.startswith("|") else []
        )
        if tuple(cells) == header:
            inside = True
        elif not cells:
            inside = False
        elif inside and not set("".join(cells)) <= set("-: "):
            rows.append(cells)
    assert rows, f"{path.name} has no table {header}"
    return rows


def bare(cell: str) -> str:
    """A cell without the quotes of code."""
    return cell.strip("`")
