"""A company's external accountants (SC24): who may do what until when, who of them has access, refusing and ending."""

from typing import Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.wrappers import Response

from idp.companies import firm_invitation, mandate, mandate_change, mandate_list, mandate_scope, mandate_view
from idp.companies.mandate_view import Seen
from idp.core.errors import Conflict, NotFound
from idp.policy import label_for
from idp.web import csrf, locale, mandate_words, paging
from idp.web.pages import explanation
from idp.web.pages.company_area import Area, enter
from idp.web.pages.continuing import see_other
from idp.web.render import day

blueprint = Blueprint("pages_accountants", __name__)
csrf.guard(blueprint)

SEES, INVITES, CONFIRMS, CHANGES, ENDS = (
    f"company.mandates.{each}" for each in ("view", "invite", "confirm", "change", "end")
)
PATH = "/companies/<uuid:company_id>/accountants"
ONE = f"{PATH}/<uuid:mandate_id>"
WORKERS, INVITED, OVER = "people of a firm", "invited accountants", "accountants of before"
PAST = 10  # of those that are over, on a page that is about those of now
SEARCH_FROM = 8  # fewer people are found faster by looking
LONGEST = 100


@blueprint.get(PATH)
def accountants(company_id: UUID) -> ResponseReturnValue:
    """The firms with access, those that wait for an answer, temporary support, and what is over. Query: `done`,
    `after` and `before`, of the list that they were made for."""
    area = enter(company_id, SEES)
    work, policies = area.work, area.work.policies
    shown = [mandate_words.shown(policies, each) for each in mandate_list.present(work, company_id)]
    place, place_over = paging.asked(work, INVITED), paging.asked(work, OVER)
    invited = firm_invitation.of_company(work, company_id, after=place.after, before=place.before)
    past = mandate_list.of_company(
        work, company_id, over=True, after=place_over.after, before=place_over.before, limit=PAST
    )
    return area.page(
        "mandate/list.html",
        firms=[each for each in shown if not each["temporary"]],
        support=[each for each in shown if each["temporary"]],
        invited=[
            {
                "url": area.path("accountants", "invited", each.id),
                "name": each.address,
                "detail": gettext("Invited to help for a while, valid until %(date)s", date=day(each.expires_at))
                if mandate_scope.longest(policies, each.preset) is not None
                else gettext("Invited to create a firm, valid until %(date)s", date=day(each.expires_at)),
            }
            for each in invited.rows
        ],
        invited_pages=paging.around(work, INVITED, invited, section="invited", label=gettext("Invitations")),
        past=[mandate_words.shown(policies, each) for each in past.rows],
        past_pages=paging.around(work, OVER, past, section="over", label=gettext("Over")),
        may_invite=area.may(INVITES),
        supports=any(each.max_days is not None for each in policies.presets.values()),
        most=policies.mandates.firms_per_company,
        done=_done(request.args.get("done", "")),
    )


@blueprint.get(ONE)
def accountant(company_id: UUID, mandate_id: UUID) -> ResponseReturnValue:
    """One firm: what it may do until when, who of it has access, and what can be done about it. Query: `q` a part of a
    name, `after`, `before`, `done` what was just done."""
    return show({}, company_id, mandate_id)


def show(problems: dict[str, str], company_id: UUID, mandate_id: UUID) -> Response:
    area = enter(company_id, SEES)
    policies, seen = area.work.policies, mandate_view.for_company(area.work, company_id, mandate_id)
    base = area.path("accountants", mandate_id)
    live, handing = seen.state in ("active", "suspended"), seen.view_from_at is not None
    changes = live and area.may(CHANGES)
    return area.page(
        "mandate/one.html",
        problems=problems,
        side="company",
        mandate=mandate_words.shown(policies, seen),
        **_people(area, seen),
        base=base,
        back=area.path("accountants"),
        answer_url=f"{base}/confirm" if seen.state == "requested" and area.may(CONFIRMS) else None,
        accepts=False,
        refuses=seen.state == "requested" and area.may(CONFIRMS),
        withdraws=seen.state == "invited" and area.may(INVITES),
        change_url=f"{base}/change" if changes and not handing else None,
        hand_over_url=f"{base}/hand-over" if changes and not handing and not seen.temporary else None,
        keeps=changes and handing,
        end_url=f"{base}/end" if live and area.may(ENDS) else None,
        client_url=None,
        done=_done(request.args.get("done", "")),
    )


@blueprint.post(f"{ONE}/refuse")
@csrf.again(show)
def refuse(company_id: UUID, mandate_id: UUID) -> ResponseReturnValue:
    """Say no to a firm's request."""
    return _act(_acting(company_id, mandate_id, CONFIRMS), mandate_id, mandate.refuse, "refused")


@blueprint.post(f"{ONE}/withdraw")
@csrf.again(show)
def withdraw(company_id: UUID, mandate_id: UUID) -> ResponseReturnValue:
    """Take an invitation back."""
    return _act(_acting(company_id, mandate_id, INVITES), mandate_id, mandate.withdraw, "withdrawn")


@blueprint.post(f"{ONE}/keep")
@csrf.again(show)
def keep(company_id: UUID, mandate_id: UUID) -> ResponseReturnValue:
    """Call a hand-over off."""
    return _act(_acting(company_id, mandate_id, CHANGES), mandate_id, mandate_change.keep, "kept")


@blueprint.get(f"{ONE}/end")
def end_page(company_id: UUID, mandate_id: UUID) -> ResponseReturnValue:
    """What the end of a mandate means, before it is done."""
    return show_end({}, company_id, mandate_id)


def show_end(problems: dict[str, str], company_id: UUID, mandate_id: UUID) -> Response:
    area = enter(company_id, ENDS, step_up=True)
    seen = mandate_view.for_company(area.work, company_id, mandate_id)
    return area.page(
        "mandate/end.html",
        problems=problems,
        mandate=mandate_words.shown(area.work.policies, seen),
        live=seen.state in ("active", "suspended"),
        back=area.path("accountants", mandate_id),
    )


@blueprint.post(f"{ONE}/end")
@csrf.again(show_end)
def end(company_id: UUID, mandate_id: UUID) -> ResponseReturnValue:
    """End a mandate at once."""
    area = enter(company_id, ENDS, write=True, step_up=True, keep=True)
    return _act(area, mandate_id, mandate.end, "ended")


def _acting(company_id: UUID, mandate_id: UUID, permission: str) -> Area:
    back = f"/companies/{company_id}/accountants/{mandate_id}"
    return enter(company_id, permission, write=True, step_up=True, keep=True, back=back)


def _act(area: Area, mandate_id: UUID, act: Any, done: str) -> Response:
    mandate_view.for_company(area.work, area.company_id, mandate_id)
    try:
        act(area.work, mandate_id)
    except (Conflict, NotFound):  # it is seen, but not for this side to do
        return show({"form": gettext("This has been answered or ended meanwhile.")}, area.company_id, mandate_id)
    return see_other(f"{area.path('accountants', mandate_id)}?done={done}")


def _people(area: Area, seen: Seen) -> dict[str, Any]:
    """Who of the firm has access now, a page at a time."""
    if seen.state not in ("active", "suspended"):
        return {"people": [], "search": None, "found": 0, "pages": None}
    search = request.args.get("q", "").strip()[:LONGEST]
    place = paging.asked(area.work, WORKERS)
    page = mandate_view.workers(area.work, seen.id, search=search, after=place.after, before=place.before)
    return {
        "people": [_person(area, each) for each in page.people],
        "search": search if search or page.total >= SEARCH_FROM else None,
        "found": page.total,
        "pages": paging.pager(
            area.work, WORKERS, first=page.first, shown=len(page.people), total=page.total, previous=page.previous,
            following=page.next,
        ),
    }  # fmt: skip


def _person(area: Area, worker: mandate_view.Worker) -> dict[str, str | None]:
    """Somebody of the firm; what they may do, and why, is told to those who see the users of the company."""
    products = area.work.policies.products
    roles = (
        gettext(
            "%(product)s: %(role)s",
            product=label_for(products[product].label, locale.current()),
            role=label_for(labels, locale.current()),
        )
        for product, labels in worker.roles
        if labels
    )
    used = gettext("last used on %(date)s", date=day(worker.used_at)) if worker.used_at else gettext("not used so far")
    explained = area.path("people", worker.account_id, "explain") if area.may(explanation.VIEWS) else None
    return {"name": worker.name, "roles": ", ".join(roles), "used": used, "explain_url": explained}


def _done(what: str) -> str:
    said = {
        "confirmed": gettext("The firm has access now. It chooses who works for you."),
        "invited": gettext("The invitation is sent. Nothing is open before the firm has accepted."),
        "invited-firm": gettext("The invitation is sent. It leads your accountant to a firm of their own."),
        "invited-helper": gettext(
            "The invitation is sent. It leads to an account of their own, and to the firm they help for."
        ),
        "firm-withdrawn": gettext("The invitation is withdrawn, and its link says so."),
        "refused": gettext("The request is declined. The firm was told."),
        "withdrawn": gettext("The invitation is withdrawn. The firm has been told."),
        "changed": gettext("The change is saved. It takes effect within ten minutes, and the firm was told."),
        "handed-over": gettext("The hand-over is arranged. Both firms’ dates are below, and the firm was told."),
        "kept": gettext("The hand-over is called off. The firm works as before, and was told."),
        "ended": gettext("The access has ended. Nobody of the firm reaches your company any more."),
    }
    return str(said.get(what, ""))
