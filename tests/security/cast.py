"""Everybody who may stand before a route: people of the demonstration, and those it lacks, so that every role is held.

What each may do is computed here from the file of the demonstration and from the written-out roles, not by the engine.
"""

import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

from idp.accounts import profile
from idp.authn import password as passwords
from idp.authn import recovery_code, totp
from idp.cli import demo_data
from idp.companies import membership, staff
from idp.core.settings import ROOT
from tests.conftest import PASSWORD, give_contact, hash_of
from tests.stage import Player, Stage

NOBODY = "nobody"
LUMEN, ROOFS, BAKERY, FIRM = "atelier-lumen", "toitures-vanderlinden", "boulangerie-lemaire", "cabinet-deltour"
# By name: company, role in the company, role in the firm's own product; the demonstration has nobody who holds just it.
MORE = {
    "extra.subscriptions": (LUMEN, "company.subscription-manager", None),
    "extra.auditor": (FIRM, "company.auditor", None),
    "extra.assistant": (FIRM, "company.member", "practice.assistant"),
    "extra.reader": (FIRM, "company.member", "practice.reader"),
}
MORE_STAFF = {
    "extra.security": "operations.security",
    "extra.privacy": "operations.privacy",
    "extra.billing": "operations.billing",
}
# One for each role of a company, in both, and of a firm; colleagues under mandate; people of neither company; staff.
PEOPLE = (
    "amelie.dubois", "thomas.lefevre", "ines.moreau", "julien.mercier", "joris.vanderlinden", "katrien.desmet",
    "mehdi.haddad", "chloe.fontaine", "nathalie.deltour", "karim.benali", "lotte.peeters", "olivier.renard",
    "pieter.claes", *MORE, *MORE_STAFF,
)  # fmt: skip

GIVEN_BY_NAME = frozenset({"lotte.peeters"})
"""Who works for the client that the tests put into paths."""


@dataclass
class Rights:
    """The roles of one person: by company, and as staff."""

    companies: dict[str, set[str]] = field(default_factory=dict)
    staff: set[str] = field(default_factory=set)


@cache
def _written() -> dict[str, frozenset[str]]:
    roles = json.loads((ROOT / "tests" / "policy" / "role-permissions.json").read_text("utf-8"))["roles"]
    return {role: frozenset(permissions) for role, permissions in roles.items()}


@cache
def rights() -> dict[str, Rights]:
    """The roles of everybody, by name."""
    data: dict[str, Any] = demo_data.read(ROOT / "policies")
    found: dict[str, Rights] = {name: Rights() for name in (*PEOPLE, NOBODY)}
    for entry in data["memberships"]:
        if entry["person"] in found:
            roles = {entry["company_role"], *entry.get("also", ())}
            roles |= {role for role in entry["roles"].values() if role in _written()}
            found[entry["person"]].companies[entry["company"]] = roles
    for entry in data["staff"]:
        if entry["person"] in found:
            found[entry["person"]].staff |= set(entry["roles"])
    for name, (company, role, practice) in MORE.items():
        found[name].companies[company] = {role, *([practice] if practice else [])}
    for name, role in MORE_STAFF.items():
        found[name].staff.add(role)
    return found


def held(name: str, company: str = "") -> frozenset[str]:
    """What a person may do in a company, or as staff."""
    roles = rights()[name].companies.get(company, set()) if company else rights()[name].staff
    return frozenset().union(*(_written().get(role, frozenset()) for role in roles))


def belongs(name: str, company: str) -> bool:
    """Whether the person is one of the company's own people."""
    return company in rights()[name].companies


def complete(stage: Stage) -> None:
    """Add to a stage those whom the demonstration lacks."""
    with stage.work() as work:
        for number, name in enumerate((*MORE, *MORE_STAFF)):
            address = f"{name}@cast.example"
            account = profile.create(work, address=address, given_name="Extra", family_name=name, locale="en-GB")
            passwords.set_hash(work, account.id, hash_of(PASSWORD))
            secret = totp.new_secret()
            totp.enrol(work, account.id, secret, name="phone")
            give_contact(work, account.id, value=f"+3363998{number:04d}")
            recovery_code.replace(work, account.id, kept=True)
            stage.people[name] = Player(account.id, address, PASSWORD, secret)
            if name in MORE_STAFF:
                staff.grant(work, account.id, MORE_STAFF[name])
                continue
            company, role, practice = MORE[name]
            key = _company(stage, work, company)
            membership.add(work, key, account.id, company_role=role)
            if practice:
                membership.grant_role(work, key, account.id, "practice", role_id=practice)


def _company(stage: Stage, work: Any, reference: str) -> UUID:
    from idp.companies import company

    found = company.find(work, reference)
    assert found is not None, reference
    return found.id
