"""Lists of people to invite, as a spreadsheet saves them: read into lines, and results written back.

Comma, semicolon or tab; UTF-8 with or without its mark, or the old Windows and Latin alphabet; headings in any of our
languages. Whatever stands in a cell is a text to us. What is written for a spreadsheet begins no formula.
"""

import csv
import io
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from idp.companies import invitation_draft, role, role_choice
from idp.companies.invitation_batch import MOST, Line
from idp.companies.invitation_draft import Draft
from idp.companies.role_choice import ProductChoice
from idp.companies.role_wish import Wish
from idp.core.errors import InvalidInput
from idp.policy.catalogue import Product, Role
from idp.work import Work

BYTES_MAX = 64 * 1024
_CELL_MAX = 400
_ADDRESS, _GIVEN, _FAMILY, _LANGUAGE, _COMPANY_ROLE = "email", "given_name", "family_name", "locale", "company_role"
HEADINGS: Mapping[str, tuple[str, ...]] = {
    _ADDRESS: ("e-mail", "email", "mail", "courriel", "adresse e-mail", "adresse email", "adresse", "e-mail address",
               "email address", "address"),
    _GIVEN: ("prénom", "first name", "given name", "forename"),
    _FAMILY: ("nom", "nom de famille", "last name", "family name", "surname", "name"),
    _LANGUAGE: ("langue", "language", "locale"),
    _COMPANY_ROLE: ("rôle dans l’entreprise", "rôle entreprise", "company role", "role in the company"),
}  # fmt: skip
"""By field, what its column may be called; the products of the company have columns of their own name."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What counts for a line that says nothing of its own.

    Attributes:
        roles: by product.
    """

    locale: str
    company_role: str | None = None
    roles: Mapping[str, Wish] = field(default_factory=dict)
    message: str = ""


def read(work: Work, company_id: UUID, content: bytes, defaults: Defaults) -> list[Line]:
    """The lines of a list. A line that cannot be read says so itself and stops no other.

    Raises:
        InvalidInput: `field="file"`, and `reason`: `empty`, `too_large` (`max`), `not_text`, `too_many_lines` (`max`),
            `no_address_column`, `unknown_column` (`column`) or `column_twice` (`column`).
    """
    rows = _rows(text(content))
    if not rows:
        raise InvalidInput(field="file", reason="empty")
    products = role_choice.of_company(work, company_id)
    first, head = rows[0]
    if not any("@" in cell for cell in head):
        columns, body = _columns(head, products), rows[1:]
    else:  # a bare list of addresses
        columns, body = [_ADDRESS] + [""] * (len(head) - 1), rows
        if any(cell for cell in head[1:]):
            raise InvalidInput(field="file", reason="no_address_column")
    if not body:
        raise InvalidInput(field="file", reason="empty")
    if len(body) > MOST:
        raise InvalidInput(field="file", reason="too_many_lines", max=MOST)
    able = {each.product.id: each for each in products}
    company_roles = role_choice.company_roles(work, company_id)[0]
    return [_line(work, company_id, number, cells, columns, able, company_roles, defaults) for number, cells in body]


def text(content: bytes) -> str:
    """What a file holds.

    Raises:
        InvalidInput: `field="file"`: `too_large` (`max`) or `not_text`.
    """
    if len(content) > BYTES_MAX:
        raise InvalidInput(field="file", reason="too_large", max=BYTES_MAX)
    if b"\x00" in content or content.startswith(b"PK\x03\x04"):
        raise InvalidInput(field="file", reason="not_text")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def left_over(people: str, numbers: Collection[int]) -> str:
    """The list with these lines alone, under its headings, to be corrected and read again."""
    rows = _rows(people)
    target = io.StringIO(newline="")
    writer = csv.writer(target, delimiter=_delimiter(people), lineterminator="\n")
    headed = bool(rows) and not any("@" in cell for cell in rows[0][1])
    writer.writerows(cells for number, cells in rows if number in numbers or (headed and number == rows[0][0]))
    return target.getvalue()


def heading_of(field_name: str, language: str) -> str:
    """What a column is called in a list that we make."""
    names = HEADINGS[field_name]
    fr = {_ADDRESS: "E-mail", _GIVEN: "Prénom", _FAMILY: "Nom", _LANGUAGE: "Langue"}
    en = {_ADDRESS: "E-mail", _GIVEN: "First name", _FAMILY: "Last name", _LANGUAGE: "Language"}
    return (fr if language == "fr" else en).get(field_name, names[0].capitalize())


def write(rows: Iterable[Sequence[str]], language: str) -> bytes:
    """Rows as a file that a spreadsheet of this language opens, and executes nothing of: a cell that could begin a
    formula is given an apostrophe."""
    target = io.StringIO(newline="")
    writer = csv.writer(target, delimiter=";" if language == "fr" else ",", lineterminator="\r\n")
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return target.getvalue().encode("utf-8-sig")  # the mark tells a spreadsheet which alphabet it is


def _harmless(cell: str) -> str:
    shown = "".join(letter if letter.isprintable() else " " for letter in cell)
    return f"'{shown}" if shown.lstrip().startswith(("=", "+", "-", "@", "|", "%")) else shown


def _rows(people: str) -> list[tuple[int, list[str]]]:
    """The rows that hold anything, with their numbers as a spreadsheet shows them."""
    if any(unicodedata.category(letter) == "Cc" and letter not in "\t\r\n" for letter in people):
        raise InvalidInput(field="file", reason="not_text")
    reader = csv.reader(io.StringIO(people, newline=""), delimiter=_delimiter(people))
    try:
        rows = [(number, [cell.strip() for cell in cells]) for number, cells in enumerate(reader, 1)]
    except csv.Error as error:
        raise InvalidInput(field="file", reason="not_text") from error
    return [(number, cells) for number, cells in rows if any(cells)]


def _delimiter(people: str) -> str:
    """What stands between the cells of the first line."""
    first = next((line for line in people.splitlines() if line.strip()), "")
    return max(";,\t", key=first.count)


def _columns(head: Sequence[str], products: Iterable[ProductChoice]) -> list[str]:
    """What each column holds; empty for one without a heading."""
    known = {_plain(name): key for key, names in HEADINGS.items() for name in names}
    for each in products:
        known |= {_plain(name): each.product.id for name in (each.product.id, *each.product.label.values())}
    columns = []
    for cell in head:
        found = known.get(_plain(cell), "")
        if cell and not found:
            raise InvalidInput(field="file", reason="unknown_column", column=cell[:80])
        if found and found in columns:
            raise InvalidInput(field="file", reason="column_twice", column=cell[:80])
        columns.append(found)
    if _ADDRESS not in columns:
        raise InvalidInput(field="file", reason="no_address_column")
    return columns


def _line(
    work: Work, company_id: UUID, number: int, cells: Sequence[str], columns: Sequence[str],
    able: Mapping[str, ProductChoice], company_roles: Iterable[Role], defaults: Defaults,
) -> Line:  # fmt: skip
    said = {column: cell for column, cell in zip(columns, cells, strict=False) if column and cell}
    address = said.get(_ADDRESS, "")[:_CELL_MAX]
    try:
        if len(cells) > len(columns) and any(cells[len(columns) :]):
            raise InvalidInput(field="line", reason="too_many_cells")
        if not address:
            raise InvalidInput(field="email", reason="missing")
        if any(len(cell) > _CELL_MAX for cell in said.values()):
            raise InvalidInput(field="line", reason="too_long", max=_CELL_MAX)
        own = {product: _role(work, company_id, able[product], said[product]) for product in able if product in said}
        given = said.get(_COMPANY_ROLE)
        draft = Draft(
            address, _locale(work, said.get(_LANGUAGE), defaults.locale), own or defaults.roles,
            said.get(_GIVEN, ""), said.get(_FAMILY, ""),
            _company_role(work, company_id, company_roles, given) if given else defaults.company_role,
            (), defaults.message,
        )  # fmt: skip
    except InvalidInput as error:
        return Line(number, address, None, error, *(said.get(each, "")[:_CELL_MAX] for each in (_GIVEN, _FAMILY)))
    return Line(number, address, draft, None, draft.given_name, draft.family_name)


def _role(work: Work, company_id: UUID, choice: ProductChoice, typed: str) -> Wish:
    """The role of this name or id, as far as the actor may give it."""
    wanted = _plain(typed)
    for each in choice.roles:
        if wanted in _names(each.role_id, each.labels, choice.product.id):
            return Wish(each.role_id, each.custom_role_id)
    _try_unlisted(work, company_id, choice.product, wanted)
    raise InvalidInput(field="role", reason="unknown", product=choice.product.id, typed=typed[:80])


def _try_unlisted(work: Work, company_id: UUID, product: Product, wanted: str) -> None:
    for each in (work.policies.roles[key] for key in product.roles):
        if "member" in each.held_by and wanted in _names(each.id, each.label, product.id):
            role.try_unlisted(work, company_id, each.id)


def _names(role_id: str | None, labels: Mapping[str, str], product: str) -> set[str]:
    ids = {role_id, role_id.removeprefix(f"{product}.")} if role_id else set()
    return {_plain(name) for name in (*ids, *labels.values()) if name}


def _company_role(work: Work, company_id: UUID, roles: Iterable[Role], typed: str) -> str:
    wanted = _plain(typed)
    for each in roles:
        if wanted in _names(each.id, each.label, each.product):
            return each.id
    _try_unlisted(work, company_id, invitation_draft.administration(work), wanted)
    raise InvalidInput(field="company_role", reason="unknown", typed=typed[:80])


def _locale(work: Work, typed: str | None, otherwise: str) -> str:
    """The locale that a cell names: itself, or by its language alone."""
    if not typed:
        return otherwise
    wanted = typed.replace("_", "-").casefold()
    locales = work.policies.account.locales
    same = [each for each in locales if each.casefold() == wanted]
    near = [each for each in locales if each.partition("-")[0] == wanted]
    if wanted == otherwise.partition("-")[0]:
        return otherwise
    if not same and not near:
        raise InvalidInput(field="locale", reason="unknown", typed=typed[:80])
    return (same or near)[0]


def _plain(text: str) -> str:
    """A text without what people write differently: capitals, accents, blanks, dashes and apostrophes."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if letter.isalnum())
