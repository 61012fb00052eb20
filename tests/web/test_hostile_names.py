"""A company and people whose names mean harm: on every page of a company, and in what is exported for spreadsheets."""

import csv
import io
import re

from sqlalchemy import select, update

from idp.accounts.models import Account
from idp.companies.models import Company, CustomRole, Invitation
from tests.stage import Stage, demonstration, own_stage  # noqa: F401
from tests.web.test_my_access_pages import english

MARKUP = '<script>alert("x")</script><img src=x onerror=alert(1)>\'"&{{7*7}}%s'
HOSTILE = f'=HYPERLINK("http://evil.example")\u202e\u2066{MARKUP}' + "W" * 400
PAGES = (
    "", "/people", "/invitations", "/invitations/new", "/roles", "/accountants", "/accountants/invite",
    "/subscriptions", "/subscriptions/change", "/services", "/security", "/log", "/log/on", "/ownership",
    "/ownership/offer", "/close", "/profile",
)  # fmt: skip
RAW = re.compile(r"<script>alert|<img src=x|onerror=alert\(1\)>'|49%s|=HYPERLINK\(\"", re.IGNORECASE)


def test_names_that_mean_harm_do_none(own_stage: Stage) -> None:  # noqa: F811
    key = own_stage.company("atelier-lumen")
    with own_stage.work() as work:
        work.session.execute(update(Company).where(Company.id == key).values(name=HOSTILE, city=HOSTILE))
        work.session.execute(update(Account).values(given_name=HOSTILE, family_name=HOSTILE))
        work.session.execute(update(Invitation).values(given_name=HOSTILE, family_name=HOSTILE, message=HOSTILE))
        work.session.execute(update(CustomRole).values(labels={"fr": HOSTILE, "en": HOSTILE}))
        custom = work.session.scalar(select(CustomRole.id).where(CustomRole.company_id == key))
    hugo, home = own_stage.person("hugo.perrin").id, f"/companies/{key}"
    amelie = english(own_stage.signed_in("amelie.dubois"))
    more = [
        f"/people/{hugo}", f"/people/{hugo}/removal", f"/people/{hugo}/explain?product=invoicing",
        f"/roles/accounting/{custom}", f"/roles/accounting/{custom}/edit", f"/roles/accounting/{custom}/delete",
    ]  # fmt: skip
    elsewhere = ["/", "/companies", "/account", "/account/access", "/account/details", "/account/history"]
    for path in [*(home + each for each in (*PAGES, *more)), *elsewhere]:
        amelie.get(path)
        assert amelie.status == 200, path
        assert RAW.search(amelie.text) is None, (path, RAW.search(amelie.text))

    nathalie = english(own_stage.signed_in("nathalie.deltour"))
    firm = f"/companies/{own_stage.company('cabinet-deltour')}"
    for path in ("/clients", f"/clients/{key}", "/colleagues", "/groups", "/mandates"):
        nathalie.get(firm + path)
        assert nathalie.status == 200, path
        assert RAW.search(nathalie.text) is None, path

    amelie.get(f"{home}/ownership")  # acts that write names into the log
    amelie.get(f"{home}/profile")
    amelie.submit({"name": '=cmd|"/c calc"!A0', "city": "@SUM(1)"})
    amelie.get(f"{home}/log")
    token = re.search(r'name="csrf_token" value="([^"]+)"', amelie.text)
    assert token is not None
    answer = amelie.client.post(f"{home}/log/export", data={"csrf_token": token[1]}, headers=amelie.headers)
    assert answer.mimetype == "text/csv"
    cells = [cell for row in csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))) for cell in row]
    assert any("HYPERLINK" in cell or "cmd|" in cell for cell in cells)
    assert [cell for cell in cells if cell.lstrip()[:1] in ("=", "+", "-", "@", "|", "%", "\t")] == []
    assert [cell for cell in cells if not cell.isprintable()] == []
