"""What the first page of a company reminds of while its first steps, or some of them, wait (FLX-15)."""

from collections.abc import Iterator

from flask_babel import gettext

from idp.companies import first_steps, service
from idp.web import company_menu
from idp.web.pages.company_area import Area
from idp.web.pages.reminder import Reminder


def ask(area: Area) -> Iterator[Reminder]:
    """Reminders for who can take the step."""
    if not (area.may(first_steps.INVITES) or area.may(service.ACTIVATES)):
        return
    progress = first_steps.progress(area.work, area.company_id)
    if progress is None:
        return
    if not progress.finished:
        if area.may(first_steps.INVITES):
            yield Reminder(
                gettext("The first steps of this company are not finished."),
                area.path("get-started"),
                gettext("Go on"),
            )
        return
    if progress.services == "later" and area.may(service.ACTIVATES):
        yield Reminder(
            gettext("You left connected services for later."), area.path("services"), gettext("Choose the services")
        )
    url = _invites(area)
    if progress.users == "later" and url is not None and first_steps.alone(area.work, area.company_id):
        yield Reminder(gettext("Nobody else uses the software yet."), url, gettext("Invite somebody"))


def _invites(area: Area) -> str | None:
    """Where people are invited, if the person may."""
    listed = company_menu.entries(area.company_id, area.company.kind, area.permissions)
    return next((each["url"] for each in listed if each["key"] in ("people", "invitations")), None)
