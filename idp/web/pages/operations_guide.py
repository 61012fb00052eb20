"""The steps by which a company gives its accountant access, sent to one of its people by the staff (MAN-07)."""

from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.wrappers import Response

from idp.companies import account_desk, accountant_guide, support_desk
from idp.core.errors import InvalidInput, Throttled
from idp.web import csrf, forms, locale
from idp.web.pages import duty
from idp.web.pages.continuing import address, see_other
from idp.web.render import page, person
from idp.web.work import open_work

blueprint = Blueprint("pages_operations_guide", __name__)
csrf.guard(blueprint)

GUIDE = "/operations/accounts/<uuid:account_id>/accountant-guide"


class GuideForm(forms.Form):
    company: UUID


@blueprint.get(GUIDE)
def ask_guide(account_id: UUID) -> ResponseReturnValue:
    """To whom the steps go, and about which company. Query: `seen`."""
    return show_guide({}, account_id)


def show_guide(problems: dict[str, str], account_id: UUID) -> Response:
    current = duty.on_duty(support_desk.VIEW, sure=True)
    work, note = open_work(), request.args.get("seen", "")
    account_desk.require(work, accountant_guide.SENDS, account_id)
    if not duty.has_seen(current, account_id, note):
        return see_other("/operations/accounts")
    found = support_desk.account(work, account_id)
    able = accountant_guide.companies(work, account_id)
    return page(
        "operations/guide.html",
        422 if problems else 200,
        problems=problems,
        account=person(current),
        found=found,
        language=locale.described(found.locale),
        companies=[{"value": str(key), "label": name} for key, name in able.items()],
        back_url=address(f"/operations/accounts/{account_id}", "/", seen=note),
    )


@blueprint.post(GUIDE)
@csrf.again(show_guide)
def send_guide(account_id: UUID) -> ResponseReturnValue:
    """Send them; the page of the account says so."""
    open_work(write=True)
    current = duty.on_duty(support_desk.VIEW, sure=True)
    work, note = open_work(), request.args.get("seen", "")
    account_desk.require(work, accountant_guide.SENDS, account_id)
    if not duty.has_seen(current, account_id, note):
        return see_other("/operations/accounts")
    form, _ = forms.read(GuideForm, request.form)
    try:
        if form is None:
            raise InvalidInput(field="company")
        accountant_guide.send(work, account_id, form.company)
    except InvalidInput:
        return show_guide({"company": gettext("Choose a company.")}, account_id)
    except Throttled:
        problem = gettext("This person was sent the steps several times already. Wait an hour, or call them.")
        return show_guide({"form": problem}, account_id)
    return see_other(address(f"/operations/accounts/{account_id}", "/", seen=note, done="guide"))
