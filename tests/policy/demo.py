"""Grants for the people of the demonstration data, worked out from its file alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from idp.policy import Grant, Policies, ceiling_of
from idp.policy.load import read_yaml
from idp.policy.permissions import freeze_restrictions

ROOT = Path(__file__).parents[2]
POLICIES = ROOT / "policies"
DEMO: Mapping[str, Any] = read_yaml(POLICIES / "demo" / "demo.yaml")
EXPECTATIONS: Mapping[str, Any] = read_yaml(ROOT / "tests" / "demo" / "expectations.yaml")

COMPANIES = {each["id"]: each for each in DEMO["companies"]}
CUSTOM = {each["id"]: frozenset(each["permissions"]) for each in DEMO["custom_roles"]}


def _role(role: str) -> dict[str, Any]:
    return {"role": None, "custom_permissions": CUSTOM[role]} if role in CUSTOM else {"role": role}


def _services(policies: Policies, company: Mapping[str, Any], person: Mapping[str, Any]) -> frozenset[str]:
    on = {name for name, is_on in company.get("services", {}).items() if is_on}
    return frozenset(name for name in on if not policies.services[name].per_person or person.get(name, False))


def _switches(policies: Policies, role: str, membership: Mapping[str, Any]) -> frozenset[str]:
    """The role's defaults, then what the membership says."""
    if role not in policies.roles:
        return frozenset()
    said = membership.get("switches", {})
    on = {area for area in policies.roles[role].switch_defaults if said.get(area, True)}
    return frozenset(on | {area for area, is_on in said.items() if is_on})


def own_grant(policies: Policies, person: str, company: str, product: str) -> Grant | None:
    """What the person holds as a member of the company."""
    account = COMPANIES[company]
    for membership in DEMO["memberships"]:
        if (membership["person"], membership["company"]) == (person, company) and product in membership["roles"]:
            role = membership["roles"][product]
            return Grant(
                product=product,
                **_role(role),
                switches=_switches(policies, role, membership),
                restrictions=freeze_restrictions(membership.get("restrictions", {})),
                services=_services(policies, account, membership),
                state=account["subscription"]["products"][product]["state"],
                scope="practice" if account["kind"] == "firm" else "client",
            )
    return None


def mandate_grant(policies: Policies, person: str, company: str, product: str) -> Grant | None:
    """What the person holds as a colleague of a firm with an active mandate."""
    account = COMPANIES[company]
    active = [each for each in DEMO["mandates"] if each["company"] == company and each["state"] == "active"]
    for assignment in DEMO["assignments"]:
        if assignment["person"] != person or assignment["client"] not in ("all", company):
            continue
        for mandate in active:
            ceiling = ceiling_of(policies, mandate["preset"], mandate["options"])
            if product in assignment["roles"] and product in ceiling:
                firm = COMPANIES[mandate["firm"]]["subscription"]["products"]
                return Grant(
                    product=product,
                    **_role(assignment["roles"][product]),
                    services=_services(policies, account, {}),
                    state=account["subscription"]["products"][product]["state"],
                    ceiling=ceiling[product],
                    firm_state=next(firm[each]["state"] for each in firm if policies.products[each].firm_only),
                )
    return None


def grant_for(policies: Policies, row: Mapping[str, Any]) -> Grant | None:
    """The grant of a row of the expectations; None when the person holds nothing there."""
    keys = row["person"], row["company"], row["product"]
    return own_grant(policies, *keys) or mandate_grant(policies, *keys)
