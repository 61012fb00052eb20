"""From one step of a sign-in to the next, and out of it.

What is due is asked of `authn.sign_in.step`, never of the page one came from: each page first sends its visitor to the
step that is really due.
"""

from datetime import datetime

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.wrappers import Response

from idp.authn import lost_factor, sign_in, throttle
from idp.authn.sign_in import Attempt, Step
from idp.companies import acceptance, access, first_steps, takeover
from idp.core import texts
from idp.core.errors import Expired, NotAuthenticated
from idp.oidc.authorization import CONTINUE_PATH
from idp.web import cookies, csrf, forms, locale
from idp.web.pages import continuing, journey
from idp.web.pages.continuing import HOME, address, asked, destination, local_path, see_other
from idp.web.render import current_session, page
from idp.web.work import open_work
from idp.work import Work

WITHOUT_PHONE = "/sign-in/without-phone"
PAGES = {
    Step.TOTP: "/sign-in/code",
    Step.ENROL: "/sign-in/second-factor",
    Step.NEW_PASSWORD: "/reset/new-password",
    Step.ERASURE: "/sign-in/keep-account",
    Step.CONTACT: "/sign-in/recovery-contact",
    Step.CODES: "/sign-in/recovery-codes",
}


class ElsewhereDue(Exception):
    """Another step is due than the one this page is for; `answer` leads there."""

    def __init__(self, answer: Response) -> None:
        super().__init__("another step is due")
        self.answer = answer


def install(blueprint: Blueprint) -> None:
    """Give the pages of a journey its ways out: to the step that is due, to a new start, off a closed account."""
    blueprint.register_error_handler(ElsewhereDue, lambda error: error.answer)
    blueprint.register_error_handler(Expired, lambda error: _expired())


def due(work: Work, step: Step, *, lock: bool = False) -> Attempt:
    """The attempt of this browser, in which `step` is due; read once a request.

    Args:
        lock: the request means to prove something.

    Raises:
        Expired: there is no attempt, or its time is over.
        ElsewhereDue: it is at another step.
    """
    attempt: Attempt | None = g.get("attempt")
    if attempt is None:
        attempt = g.attempt = sign_in.current(work, cookies.get(cookies.SIGN_IN), lock=lock)
    found = sign_in.step(work, attempt)
    if found is not step:
        raise ElsewhereDue(see_other(_page_of(attempt, found)))
    return attempt


def onward(
    work: Work,
    attempt: Attempt,
    *,
    trust: bool = False,
    renew: bool = False,
    begun: str | None = None,
    asked_about_phone: bool = False,
) -> Response:
    """The answer that leads to the next step, or, when nothing is missing, into the session.

    Args:
        trust: the person asked to trust this browser.
        renew: the attempt has just become somebody's: its cookie gets a new value (session fixation).
        begun: the token of an attempt that began in this request: nobody has it yet, so it is that value.
        asked_about_phone: who came in by a recovery code has said that the phone is not lost.
    """
    step = sign_in.step(work, attempt)
    if step is not Step.DONE or (lost_factor.after_recovery_code(attempt) and not asked_about_phone):
        answer = see_other(_page_of(attempt, step))
        if renew:
            cookies.put(answer, cookies.SIGN_IN, begun or sign_in.renew(work, attempt))
        return answer
    trust = trust and trust_days(work, attempt) is not None  # a field that the page did not offer is not heeded
    try:
        finished = sign_in.finish(
            work,
            attempt,
            trust=trust,
            device_token=cookies.get(cookies.DEVICE),
            session_token=cookies.get(cookies.SESSION),
        )
    except NotAuthenticated as error:
        raise ElsewhereDue(_closed()) from error
    continue_to = going(attempt)
    unfinished = first_steps.unfinished_of(work, finished.account_id) if continue_to == HOME else None
    if unfinished is not None:  # left half-way: the company is set up first
        continue_to = takeover.wizard(unfinished)
    elif attempt.purpose == "activation" and not (
        takeover.is_wizard(continue_to) or acceptance.is_welcome(continue_to)
    ):
        continue_to = address("/activation/done", continue_to)
    answer = see_other(continue_to)
    cookies.put(answer, cookies.SESSION, finished.session_token)
    if finished.device_token is not None:
        cookies.put(answer, cookies.DEVICE, finished.device_token, expires=work.now + finished.device_lifetime)
    cookies.drop(answer, cookies.SIGN_IN)
    csrf.renew()
    return answer


def show(
    work: Work, attempt: Attempt, template: str, problems: dict[str, str], status: int = 200, **context: object
) -> Response:
    """A page of a step: it says where the person is going, and as whom."""
    leads = destination(work, going(attempt))
    context.setdefault("journey", _journey(work, attempt))
    # A refused code is typed anew; only a change of language gives it back.
    kept = {name: value for name, value in forms.typed().items() if name != "code" or not problems}
    context.setdefault("form", kept)
    return page(
        template,
        status,
        problems=problems,
        form_targets=leads.form_targets,
        product=leads.product,
        email=attempt.address,
        again=attempt.purpose == "step_up",
        **context,  # type: ignore[arg-type]
    )


def going(attempt: Attempt) -> str:
    """Where the person goes from here: the tabs of one browser share an attempt, and each says where it was going."""
    named = attempt.purpose == "sign_in" and "continue_to" in request.args
    return asked() if named else local_path(attempt.continue_to)


def pause_over(work: Work, until: datetime | None) -> str:
    """What a person is told who typed too many wrong codes."""
    if until is None:
        return str(gettext("Too many wrong codes. Please wait a few minutes."))
    if throttle.for_good(work, until):
        return str(gettext("Too many wrong codes: none is accepted here any more. Prove another way that it is you."))
    time = texts.write_time(until, locale.current())
    return str(gettext("Too many wrong codes. Try again at %(time)s, or prove another way that it is you.", time=time))


def paused(work: Work, until: datetime | None) -> str | None:
    """What a page says from the beginning while codes are paused; None when they are not."""
    return pause_over(work, until) if until is not None and until > work.now else None


def trust_days(work: Work, attempt: Attempt) -> int | None:
    """For how many days this browser may be trusted; None when that is not offered."""
    if attempt.account_id is None:
        return None
    allowed = access.trusted_devices_allowed(work, attempt.account_id)
    return work.policies.trusted_device_lifetime.days if sign_in.trust_offered(work, attempt, allowed) else None


def _journey(work: Work, attempt: Attempt) -> list[str] | None:
    """The steps of somebody who sets a company up as well; None for everybody else."""
    if attempt.purpose != "activation" or attempt.account_id is None or not takeover.is_wizard(attempt.continue_to):
        return None
    company_id = first_steps.unfinished_of(work, attempt.account_id)
    if company_id is None:
        return None
    ordered = journey.ordered(work, company_id)
    return journey.names(ordered.several, ordered.services)


def _page_of(attempt: Attempt, step: Step) -> str:
    continue_to = going(attempt)
    if step is Step.DONE and lost_factor.after_recovery_code(attempt):
        return address(WITHOUT_PHONE, continue_to)
    if step is Step.PASSWORD and attempt.purpose == lost_factor.PURPOSE:
        return address("/lost-factor/password", continue_to)
    if step is Step.DONE:  # proved everything, and then did not follow; the proofs are not taken up again by a GET
        return continuing.sign_in_address(continue_to)
    if step is Step.TOTP and not attempt.has_app and attempt.has_passkey:
        return address("/sign-in/code/passkey", continue_to)
    # The path travels along so that a page whose attempt is gone still knows where to start again.
    return address(PAGES.get(step, "/sign-in"), continue_to)


def _closed() -> Response:
    """Everything was proved, and the account may not sign in any more: it was blocked meanwhile."""
    answer = page(
        "errors/page.html",
        403,
        title=gettext("This account is closed for the moment"),
        explanation=gettext("It was blocked while you were signing in. Support can tell you why."),
        ways=[{"label": gettext("Sign in with another account"), "url": "/sign-in"}],
        reference=None,
        form={},
    )
    cookies.drop(answer, cookies.SIGN_IN)
    return answer


def _expired() -> ResponseReturnValue:
    """The attempt is gone: start again, and go on to the same place if that still stands.

    Who is signed in has finished it, here or in another tab, and came back or pressed twice: they go on.
    """
    work = open_work()
    continue_to = asked()
    if request.path.startswith("/sign-in/") and current_session() is not None:
        return see_other(continue_to)
    leads = destination(work, continue_to)
    gone = leads.client is None and continue_to.startswith(CONTINUE_PATH)
    answer = page(
        "sign_in/expired.html",
        410,
        restart_url=continuing.sign_in_address(continuing.HOME if gone else continue_to),
        product=leads.product,
        form={},
    )
    cookies.drop(answer, cookies.SIGN_IN)
    return answer
