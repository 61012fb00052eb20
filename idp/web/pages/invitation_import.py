"""Inviting many people by a list (FLX-07): checked line by line, then sent; what is refused stays to be corrected.

Nothing is sent before its result was seen, and nothing when the results have changed since. Administrators are
appointed one by one, with a fresh second factor.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.companies import company_role, invitation, invitation_batch, invitation_draft, invitation_file, role_choice
from idp.companies.invitation_batch import Line, Result
from idp.companies.invitation_draft import MESSAGE_MAX
from idp.companies.invitation_file import BYTES_MAX, Defaults
from idp.companies.role_choice import ProductChoice
from idp.companies.role_wish import Wish
from idp.core.errors import InvalidInput
from idp.policy import label_for
from idp.web import csrf, forms, import_words, locale, role_fields
from idp.web.headers import Answer
from idp.web.pages.company_area import Area, enter
from idp.web.pages.invitations import PATH as INVITATIONS
from idp.web.pages.invitations import problem

ROOM = 320 * 1024  # of a request: a list of 64 kB, typed or as a file, and its results
PATH = f"{INVITATIONS}/import"

blueprint = Blueprint("pages_invitation_import", __name__)


@blueprint.before_request
def _make_room() -> None:
    request.max_content_length = request.max_form_memory_size = ROOM


csrf.guard(blueprint)


class ImportForm(forms.Form):
    """Attributes:
    people: the list, as typed or pasted; what a file holds takes its place.
    seen: the results that the page had shown.
    """

    people: Annotated[str, StringConstraints(max_length=BYTES_MAX)] = ""
    locale: str = ""
    message: Annotated[str, StringConstraints(max_length=2 * MESSAGE_MAX)] = ""
    extra_cost: str = ""
    seen: Annotated[str, StringConstraints(max_length=100)] = ""
    act: Literal["check", "send"] = "check"

    lines = frozenset({"people", "message"})


class ResultForm(forms.Form):
    result: Annotated[str, StringConstraints(max_length=ROOM)]

    lines = frozenset({"result"})


@blueprint.get(PATH)
def ask(company_id: UUID) -> ResponseReturnValue:
    """The form of a list."""
    return show({}, company_id)


def show(problems: dict[str, str], company_id: UUID) -> Response:
    area = enter(company_id, *invitation.INVITES)
    return _form(area, role_choice.of_company(area.work, company_id), _people("")[0], problems)


@blueprint.post(PATH)
@csrf.again(show)
def check_or_send(company_id: UUID) -> ResponseReturnValue:
    """Say what becomes of each line; with `act=send`, send what was seen."""
    area = enter(company_id, *invitation.INVITES, write=True)
    work, choices = area.work, role_choice.of_company(area.work, company_id)
    rest, roles = role_fields.split(request.form, frozenset(f"role_{each.product.id}" for each in choices))
    role_fields.try_strangers(work, company_id, rest)
    form, problems = forms.read(ImportForm, rest)
    people, wrong = _people(form.people if form is not None else "")
    if form is None or wrong:
        return _form(area, choices, people, problems | wrong)
    try:
        lines = _lines(area, form, choices, roles, people)
        results = invitation_batch.check(work, company_id, lines, extra_cost=True)
    except InvalidInput as error:
        return _form(area, choices, people, _told(area, error))
    seen, able = _digest(results), [each for each in results if each.refused is None]
    if form.act == "check" or not able:
        return _form(area, choices, people, {}, results, seen)
    if form.seen != seen:
        problems = {"form": gettext("Something has changed since: look at the results again. Nothing was sent.")}
        return _form(area, choices, people, problems, results, seen, 409)
    if any(each.bought for each in able) and form.extra_cost != "yes":
        problems = {"extra_cost": gettext("Confirm the extra cost, or take these lines out. Nothing was sent.")}
        return _form(area, choices, people, problems, results, seen)
    return _sent(area, people, invitation_batch.send(work, company_id, lines, extra_cost=True))


@blueprint.get(f"{PATH}/model")
def model(company_id: UUID) -> ResponseReturnValue:
    """A list without people, with the headings that are understood here."""
    area = enter(company_id, *invitation.INVITES)
    language = locale.current()
    headings = [invitation_file.heading_of(each, language) for each in ("email", "given_name", "family_name", "locale")]
    products = role_choice.of_company(area.work, company_id)
    return _file([[*headings, *(label_for(each.product.label, language) for each in products)]], "model")


@blueprint.post(f"{PATH}/result")
def take_along(company_id: UUID) -> ResponseReturnValue:
    """The results that a page showed, as a file."""
    enter(company_id, *invitation.INVITES)
    form, _ = forms.read(ResultForm, request.form)
    if form is None:
        raise InvalidInput(field="result")
    return _file(csv.reader(io.StringIO(form.result, newline="")), "result")


def _people(typed: str) -> tuple[str, dict[str, str]]:
    """The list: of the file, if one came along, or as it was typed."""
    sent = request.files.get("file") if request.method == "POST" else None
    if sent is None or not sent.filename:
        return typed or forms.typed(ImportForm.lines).get("people", ""), {}
    try:
        return invitation_file.text(sent.stream.read(BYTES_MAX + 1)), {}
    except InvalidInput as error:
        return typed, {"file": import_words.of_file(error)}


def _lines(
    area: Area, form: ImportForm, choices: Sequence[ProductChoice], roles: dict[str, str], people: str
) -> list[Line]:
    """The lines that were sent, with what the form says for those that say nothing of their own."""
    if form.locale not in area.work.policies.account.locales:
        raise InvalidInput(field="locale")
    wishes: dict[str, Wish] = {}
    for each in choices:
        key = roles.get(f"role_{each.product.id}", "")
        wish = role_choice.wish_of(key) if each.find(key) is not None else None
        if key and wish is None:
            role_choice.try_unlisted(area.work, area.company_id, key)
            raise InvalidInput(field=f"role_{each.product.id}")
        if wish is not None:
            wishes[each.product.id] = wish
    defaults = Defaults(form.locale, None, wishes, invitation_draft.message(form.message))
    lines = invitation_file.read(area.work, area.company_id, people.encode(), defaults)
    return [_appointing_nobody(area, each) for each in lines]


def _appointing_nobody(area: Area, line: Line) -> Line:
    if line.draft is None or not company_role.appoints(area.work, (line.draft.company_role or "",)):
        return line
    return replace(line, draft=None, problem=InvalidInput(field="company_role", reason="one_by_one"))


def _form(
    area: Area, choices: Sequence[ProductChoice], people: str, problems: dict[str, str],
    results: Sequence[Result] = (), seen: str = "", status: int = 200,
) -> Response:  # fmt: skip
    language = locale.current()
    able = [each for each in results if each.refused is None]
    return area.page(
        "invitations/import.html",
        status,
        problems=problems,
        form={"locale": area.company.locale, **forms.typed(ImportForm.lines), "people": people},
        languages=[{"value": each, "label": locale.described(each)} for each in area.work.policies.account.locales],
        products=[
            {
                "id": each.product.id,
                "label": label_for(each.product.label, language),
                "seats": role_fields.seats(each.seats),
                "roles": [
                    {"value": "", "label": gettext("No access")},
                    *({"value": role.key, "label": label_for(role.labels, language)} for role in each.roles),
                ],
            }
            for each in choices
        ],
        most=invitation_batch.MOST,
        largest=BYTES_MAX // 1024,
        **_shown(area, results),
        able=len(able),
        bought=sum(len(each.bought) for each in able),
        seen=seen,
        model_url=area.path("invitations", "import", "model"),
        one_url=area.path("invitations", "new"),
        back_url=area.path("invitations"),
    )


def _sent(area: Area, people: str, results: Sequence[Result]) -> Response:
    left = {each.line.number for each in results if each.refused is not None}
    return area.page(
        "invitations/imported.html",
        form={},
        **_shown(area, results),
        able=len(results) - len(left),
        rest=invitation_file.left_over(people, left) if left else "",
        kept=[
            (name, text)
            for name, text in forms.typed(ImportForm.lines).items()
            if name in ("locale", "message") or name.startswith("role_")
        ],
        again_url=area.path("invitations", "import"),
        back_url=area.path("invitations"),
    )


def _shown(area: Area, results: Sequence[Result]) -> dict[str, Any]:
    """The results as rows, and as the file that can be taken along."""
    rows = [import_words.row(area.work, each, lambda error: next(iter(problem(area, error).values())))
            for each in results]  # fmt: skip
    head = [gettext("Line"), gettext("E-mail address"), gettext("First name"), gettext("Last name"), gettext("Result")]
    cells = [[str(each["number"]), each["email"], each["given"], each["family"], each["said"]] for each in rows]
    return {
        "results": rows,
        "total": len(rows),
        "result": invitation_file.write([head, *cells], "en").decode("utf-8-sig") if rows else "",
        "result_url": area.path("invitations", "import", "result"),
    }


def _told(area: Area, error: InvalidInput) -> dict[str, str]:
    field = str(error.members.get("field"))
    if field == "file":
        return {"people": import_words.of_file(error)}
    return {field: gettext("Choose one of the list.")} if field.startswith("role_") else problem(area, error)


def _digest(results: Iterable[Result]) -> str:
    """What tells these results from others."""
    told = [
        (each.line.number, each.line.address, each.refused and each.refused.code, each.renews, each.bought)
        for each in results
    ]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:32]


def _file(rows: Iterable[Sequence[str]], name: str) -> Response:
    answer = Answer(invitation_file.write(rows, locale.current()), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="invitations-{name}.csv"'
    return answer
