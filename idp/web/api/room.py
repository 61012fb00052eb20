"""How a resource of the API is written: an operation says who may, what it takes and what it shows; the rest is here.

    @room.get("/companies/<uuid:company_id>", may=("company.profile.view",), shows=CompanyShown)
    def show_company(path: CompanyPath) -> CompanyShown:
        '''A company.'''

Before the operation runs, and before what was sent is looked at: the caller, its pace, the scope, the permission, the
fresh proof (`admit`). Around it: the `Idempotency-Key` of a creation, the `If-Match` of a change, the `ETag` of what
is shown.
"""

import base64
import hashlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel

from idp.companies import standstill
from idp.core.errors import InvalidInput
from idp.oidc import api_clients, idempotency
from idp.web.api import caller, reading
from idp.web.api.pace import Pace
from idp.web.api.refusals import ConditionMissing, KeyReused, Outdated
from idp.web.work import open_work, parts
from idp.work import Work

View = Callable[..., Any]
SAFE = frozenset({"GET", "HEAD"})
KEY_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    Attributes:
        may: the permissions of which one is enough; empty for what every caller with the scope may.
        together: all of them are needed instead.
        scope: what the token has to be given for.
        writes: whether the database is changed, be it by the audit log alone.
        shows: the shape of the answer; None for an empty one.
        status: of the answer.
        once: a creation, which takes an `Idempotency-Key`.
        present: the operation that shows what this one changes, which is then guarded by `If-Match`.
        tagged: the answer carries an `ETag`.
        sends: the shape of the body that it reads; None without one.
        takes_query: whether it reads parameters of the address.
        safe: it changes nothing that anybody else would notice.
        careful: a fresh second factor is asked for, whatever the catalogue says of the permission.
    """

    name: str
    method: str
    rule: str
    may: tuple[str, ...]
    scope: str
    writes: bool
    shows: type[BaseModel] | None
    status: int
    once: bool = False
    present: View | None = None
    tagged: bool = False
    sends: type[BaseModel] | None = None
    takes_query: bool = False
    safe: bool = True
    careful: bool = False
    together: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """The answer of a creation: what was made, and where it is read."""

    shown: BaseModel
    location: str


OPERATIONS: dict[str, Operation] = {}
"""Every operation of the API, by its endpoint."""


class Room:
    """The operations of one resource."""

    def __init__(self, name: str, title: str, description: str) -> None:
        self.blueprint = APIBlueprint(
            f"api_{name}", __name__, url_prefix=api_clients.PATH,
            abp_tags=[Tag(name=title, description=description)], operation_id_callback=_operation_id,
        )  # fmt: skip
        self.blueprint.before_request(admit)
        self.blueprint.after_request(caller.pass_nonce_on)

    def get(self, rule: str, *, may: tuple[str, ...], shows: type[BaseModel], **more: Any) -> Callable[[View], View]:
        """An operation that shows something."""
        return self._operation("GET", rule, may, shows=shows, **more)

    def post(self, rule: str, *, may: tuple[str, ...], **more: Any) -> Callable[[View], View]:
        """An operation that makes something, and answers 201 with it; or, with `status`, that does something."""
        more.setdefault("status", 201)
        return self._operation("POST", rule, may, once=True, **more)

    def ask(self, rule: str, *, may: tuple[str, ...], shows: type[BaseModel], **more: Any) -> Callable[[View], View]:
        """An operation that answers a question which is too long for an address."""
        return self._operation("POST", rule, may, shows=shows, asks=True, **more)

    def put(self, rule: str, *, may: tuple[str, ...], present: View, **more: Any) -> Callable[[View], View]:
        """An operation that replaces what `present` shows."""
        return self._operation("PUT", rule, may, present=present, tagged=True, **more)

    def patch(self, rule: str, *, may: tuple[str, ...], present: View, **more: Any) -> Callable[[View], View]:
        """An operation that changes a part of what `present` shows."""
        return self._operation("PATCH", rule, may, present=present, tagged=True, **more)

    def delete(self, rule: str, *, may: tuple[str, ...], present: View, **more: Any) -> Callable[[View], View]:
        """An operation that ends what `present` shows."""
        return self._operation("DELETE", rule, may, present=present, shows=None, status=204, **more)

    def _operation(
        self,
        method: str,
        rule: str,
        may: tuple[str, ...],
        *,
        shows: type[BaseModel] | None,
        status: int = 200,
        asks: bool = False,
        writes: bool | None = None,
        **more: Any,
    ) -> Callable[[View], View]:
        area = api_clients.OPERATIONS if rule.startswith("/operations") else api_clients.COMPANIES
        safe = asks or method in SAFE
        scope = f"{area}.{'read' if safe else 'write'}"

        def register(view: View) -> View:
            takes = inspect.signature(view).parameters
            operation = Operation(
                view.__name__, method, rule, may, scope, not safe if writes is None else writes, shows, status,
                safe=safe, sends=takes["body"].annotation if "body" in takes else None, takes_query="query" in takes,
                **more,
            )  # fmt: skip
            OPERATIONS[f"{self.blueprint.name}.{view.__name__}"] = operation
            summary, _, description = inspect.cleandoc(view.__doc__ or "").partition("\n")
            adding = getattr(self.blueprint, method.lower())
            adding(
                rule, summary=summary.rstrip("."), description=_told(description, operation) or None,
                security=[{"oauth2": [scope]}], responses={str(status): shows},
            )(_answered(operation, view))  # fmt: skip
            return view

        return register


def _operation_id(*, name: str, path: str, method: str) -> str:
    return name


def _told(description: str, operation: Operation) -> str:
    joint = " and " if operation.together else " or "
    needs = f"Needs {joint.join(f'`{each}`' for each in operation.may)}." if operation.may else ""
    return "\n\n".join(each for each in (" ".join(description.split()), needs) if each)


def admit() -> None:
    """Let the caller of this request in, or not.

    Raises:
        NotAuthenticated, InvalidToken, Throttled, InsufficientScope, NotPermitted, NotFound, StepUpRequired
        InvalidInput: a parameter is repeated, or what was sent cannot be read.
    """
    if request.method == "OPTIONS":
        return
    operation = OPERATIONS[request.endpoint or ""]
    calling = caller.identify()
    pace().take(calling.key)
    caller.require_scope(calling, operation.scope)
    if operation.writes:
        open_work().write_after_reading()
    work = caller.act(calling)
    company_id = (request.view_args or {}).get("company_id")
    for permissions in [(each,) for each in operation.may] if operation.together else [operation.may]:
        caller.require_any(work, permissions, company_id)
    step_up = any(work.policies.permissions[each].step_up for each in operation.may)
    caller.require_proof(work, calling, fresh=operation.careful or (step_up and not operation.safe))
    reading.check_query(known=operation.takes_query)
    if operation.sends is not None:
        reading.read_body()


def pace() -> Pace:
    """The buckets of this process."""
    from flask import current_app

    found: Pace | None = current_app.extensions.get("sesame api pace")
    if found is None:
        found = current_app.extensions["sesame api pace"] = Pace(parts().settings.api_calls_per_minute)
    return found


def _answered(operation: Operation, view: View) -> View:
    """The view with what is the same for all around it."""

    @wraps(view)
    def answered(**given: Any) -> Response:
        work = open_work()
        claimed = _claim(work, operation) if operation.once and "Idempotency-Key" in request.headers else None
        if claimed is not None and claimed.before is not None:
            before = claimed.before
            return _response(before.status, before.body, {**before.headers, "Idempotent-Replayed": "true"})
        try:
            if operation.present is not None:
                _check_condition(work, operation.present, given)
            answer = view(**given)
        except Exception:
            if claimed is not None:
                work.session.rollback()
                idempotency.forget(work, claimed)
            raise
        shown, headers = (answer.shown, {"Location": answer.location}) if isinstance(answer, Made) else (answer, {})
        body = shown.model_dump_json() if shown is not None else ""
        if operation.tagged and body:
            headers["ETag"] = tag_of(body)
        if claimed is not None:
            idempotency.remember(work, claimed, idempotency.Answer(operation.status, body, headers))
        return _response(operation.status, body, headers)

    return answered


def _response(status: int, body: str, headers: Mapping[str, str]) -> Response:
    response = Response(body, status, mimetype="application/json")
    if not body:
        del response.headers["Content-Type"]
    response.headers.update(headers)
    response.headers["Cache-Control"] = "no-store"
    return response


def tag_of(body: str) -> str:
    """The `ETag` of a representation: the same bytes, the same tag."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(body.encode()).digest()[:16]).rstrip(b"=")
    return f'"{digest.decode()}"'


def _check_condition(work: Work, present: View, given: Mapping[str, Any]) -> None:
    """Go on if what is to be changed is still as the caller has read it.

    Nobody changes it between this look and the commit: see `companies.standstill`.

    Raises:
        ConditionMissing: the caller does not say what it has read.
        Outdated: it has changed.
    """
    sent = request.headers.get("If-Match", "")
    if not sent.strip():
        raise ConditionMissing()
    company_id = (request.view_args or {}).get("company_id")
    if company_id is not None:
        standstill.hold(work, company_id)
    shown: BaseModel = present(path=given["path"])
    wanted = {each.strip() for each in sent.split(",")}
    if "*" not in wanted and tag_of(shown.model_dump_json()) not in wanted:
        raise Outdated()


def _claim(work: Work, operation: Operation) -> idempotency.Claim:
    """Take the key of this call.

    Raises:
        InvalidInput: it is no key.
        KeyReused: it was sent with another call.
    """
    key = request.headers["Idempotency-Key"]
    if not 0 < len(key) <= KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise InvalidInput(field="Idempotency-Key", reason=f"is 1 to {KEY_LENGTH} printable characters")
    calling = caller.current()
    call = idempotency.Call(
        calling.client.id, calling.account_id, key, f"{operation.method} {request.path}", request.get_data()
    )
    claimed = idempotency.claim(work, call)
    if claimed.other:
        raise KeyReused(field="Idempotency-Key", reason="was sent with another call")
    return claimed
