"""The demonstration data (`policies/demo/demo.yaml`) into the database, through the commands that everybody else uses.

Loading twice changes nothing: people are known by their address, companies by their reference, and what somebody
changed or removed since stays so. Days in the file are counted from the day of loading. Three things differ from it:

- invitations live as long as `account-policy.yaml` says, whatever the file; their mails are on their way with the first
  run of the outbox, which on a machine for trying leaves them in the local mailbox;
- trusted devices need a browser; a pending change of an address cannot be finished, as its code counts in the session
  in which it was asked for, but is listed and can be withdrawn;
- the state of a case is what its kind begins with; a case of sharing comes with its signs (`demo_sharing`).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select

from idp.accounts import email_address, profile, recovery_contact
from idp.accounts.models import Account
from idp.audit import log
from idp.audit.models import AuditEvent
from idp.authn import email_change, recovery_code, status, totp
from idp.authn import password as passwords
from idp.cli import demo_cases, demo_sharing
from idp.companies import assignment, company, invitation, mandate, membership, role, staff, subscription
from idp.companies.models import Company
from idp.core.errors import ConfigurationError, NotFound
from idp.policy.load import read_yaml
from idp.work import Actor, Work

Entry = Mapping[str, Any]
FILE = Path("demo") / "demo.yaml"
AUTHENTICATOR = "Demonstration"


def read(policies_dir: Path) -> Entry:
    """The demonstration data of a folder of policies.

    Raises:
        PolicyError: the file cannot be read.
        ConfigurationError: it is of another time.
    """
    data: Entry = read_yaml(policies_dir / FILE)
    if not isinstance(data, dict) or data.get("schema") != 1:
        raise ConfigurationError(reason=f"{policies_dir / FILE} is not demonstration data of schema 1.")
    return data


def address_of(policies_dir: Path, person: str) -> str:
    """The address of a person of the demonstration, given by id or by that address.

    Raises:
        NotFound: there is no such person.
    """
    for entry in read(policies_dir)["people"]:
        if person.lower() in (entry["id"], entry["email"].lower()):
            return str(entry["email"])
    raise NotFound(kind="person")


def loaded(work: Work) -> bool:
    """Whether the demonstration was loaded into this database before."""
    statement = select(AuditEvent.id).where(AuditEvent.name == "demo.loaded").limit(1)
    return work.session.execute(statement).first() is not None


def load(work: Work, password: str, data: Entry) -> dict[str, int]:
    """Bring in what is not there yet; answers how many of each kind were new.

    Args:
        work: of an operator or the system.
        password: of every person of the demonstration, on this machine.
        data: what `read` gave.
    """
    hashes = _hashes(work, password, data)
    loader = _Loader(work, data)
    for entry in data["people"]:
        loader.person(entry, hashes.get(entry["id"]))
    for entry in data["companies"]:
        loader.company(entry)
    for entry in data["custom_roles"]:
        loader.custom_role(entry)
    owners = {(entry["owner"], entry["id"]) for entry in data["companies"]}
    for entry in data["memberships"]:
        if (entry["person"], entry["company"]) in owners:
            loader.membership(entry)
    loader.invitations("expired")  # it held its seat before the colleagues came who have it now
    for entry in data["memberships"]:
        loader.membership(entry)
    loader.invitations("pending")
    for entry in data["mandates"]:
        loader.mandate(entry)
    for entry in data["assignments"]:
        loader.assignment(entry)
    for entry in data["staff"]:
        loader.staff(entry)
    loader.end_subscriptions()
    made = demo_sharing.load(work, data, loader.accounts) + demo_cases.load(work, data, loader.accounts)
    if made:
        loader.new["support_cases"] = made
    if loader.new:
        log.record(work, "demo.loaded", ("policies", work.policies.revision), new=dict(loader.new))
    return dict(loader.new)


def _hashes(work: Work, password: str, data: Entry) -> dict[str, str]:
    """A hash for each person who is not there yet, each with its own salt, computed outside any transaction."""
    missing = [
        entry["id"]
        for entry in data["people"]
        if entry["status"] != "invited" and _account(work, entry["email"]) is None
    ]
    work.checkpoint(write=False)
    found = {person: passwords.hashed(password) for person in missing}
    work.write()
    return found


def _account(work: Work, address: str) -> Account | None:
    return email_address.find_account(work, email_address.canonical(address))


@dataclass
class _Loader:
    """One pass over the file: what was found or made so far, by the ids of the file."""

    work: Work
    data: Entry
    new: Counter[str] = field(default_factory=Counter)
    accounts: dict[str, UUID] = field(default_factory=dict)
    companies: dict[str, Company] = field(default_factory=dict)
    fresh: set[str] = field(default_factory=set)
    custom: dict[str, UUID] = field(default_factory=dict)

    def day(self, days: float | None) -> datetime | None:
        return None if days is None else self.work.now + timedelta(days=days)

    def on(self, days: float) -> Work:
        """The same work on another day."""
        return self.work.later(days=days)

    def acting(self, work: Work, person: str) -> Work:
        return work.acting(Actor("account", self.accounts[person]))

    def person(self, entry: Entry, hash_: str | None) -> None:
        if entry["status"] == "invited":
            return  # no account before the invitation is accepted
        work, known = self.work, _account(self.work, entry["email"])
        if known is not None:
            self.accounts[entry["id"]] = known.id
            return
        assert hash_ is not None
        account = profile.create(
            work,
            address=entry["email"],
            given_name=entry["given_name"],
            family_name=entry["family_name"],
            locale=entry["locale"],
        )
        account.personal_at = work.now
        self.accounts[entry["id"]] = account.id
        passwords.set_hash(work, account.id, hash_)
        log.record(work, "account.created", ("account", account.id))
        if entry["two_factor"] == "totp":
            totp.enrol(work, account.id, totp.new_secret(), name=AUTHENTICATOR)
            codes = recovery_code.replace(work, account.id, kept=True)
            for code in codes[entry["backup_codes_left"] :]:
                recovery_code.spend(work, account.id, code)
        for kind, value in entry.get("recovery", {}).items():
            recovery_contact.add(self.on(-30), account.id, kind=kind, value=value)
        if entry["status"] == "blocked":
            status.block(work, account, entry["blocked_reason"])
        if entry["status"] == "erasure_requested":
            account.status = "erasure_requested"
            asked = work.now + timedelta(days=entry["erasure_requested"])
            account.erasure_at = asked + work.policies.account.erasure_cooling_off
        if "pending_email" in entry:
            pending = entry["pending_email"]
            email_change.ask(self.on(pending["asked"]), account.id, pending["new"])
        work.session.flush()
        self.new["people"] += 1

    def company(self, entry: Entry) -> None:
        known = company.find(self.work, entry["id"])
        if known is not None:
            self.companies[entry["id"]] = known
            return
        contract = entry["subscription"]
        began = self.on(contract["started"])
        made = company.create(
            began,
            reference=entry["id"],
            name=entry["name"],
            kind=entry["kind"],
            country=entry["country"],
            city=entry["city"],
            locale=entry["locale"],
            services=[name for name, is_on in entry.get("services", {}).items() if is_on],
            trusted_devices=entry.get("security", {}).get("trusted_devices", True),
        )
        self.companies[entry["id"]] = made
        self.fresh.add(entry["id"])
        self.new["companies"] += 1
        subscription.start(
            began,
            made.id,
            plan=contract["plan"],
            seats=contract.get("seats"),
            next_renewal_at=self.day(contract.get("next_renewal")),
        )
        for product, state in contract["products"].items():
            if self.work.policies.states[state["state"]].refused:
                # Roles are given while the product runs; `end_subscriptions` ends it when all else is in place.
                subscription.set_state(began, made.id, product, self._before(state["state"]))
            else:
                since = state.get("since", state.get("cancelled", contract["started"]))
                subscription.set_state(
                    self.on(since), made.id, product, state["state"], until_at=self.day(state.get("until"))
                )

    def end_subscriptions(self) -> None:
        for entry in self.data["companies"]:
            for product, state in entry["subscription"]["products"].items():
                if entry["id"] in self.fresh and self.work.policies.states[state["state"]].refused:
                    subscription.set_state(
                        self.on(state["ended"]), self.companies[entry["id"]].id, product, state["state"],
                        kept_until_at=self.day(state["kept_until"]),
                    )  # fmt: skip

    def _before(self, state: str) -> str:
        """A running state that turns into this one."""
        states = self.work.policies.states
        return next(
            each.from_ for each in self.work.policies.transitions if each.to == state and not states[each.from_].refused
        )

    def custom_role(self, entry: Entry) -> None:
        owner, name = self.companies[entry["company"]], entry["id"].rpartition(":")[2]
        known = role.find_custom(self.work, owner.id, entry["product"], name)
        if known is None:
            known = role.create_custom(
                self.work, owner.id, entry["product"],
                name=name, labels=entry["label"], permissions=entry["permissions"],
            )  # fmt: skip
            self.new["custom_roles"] += 1
        self.custom[entry["id"]] = known.id

    def membership(self, entry: Entry) -> None:
        work = self.work
        account_id, company_id = self.accounts[entry["person"]], self.companies[entry["company"]].id
        if membership.ever(work, company_id, account_id):
            return
        services = work.policies.services
        membership.add(
            work,
            company_id,
            account_id,
            company_role=entry["company_role"],
            also=entry.get("also", ()),
            services=[name for name in services if services[name].per_person and entry.get(name)],
        )
        for product, held in entry["roles"].items():
            switched = work.policies.roles[held].switches if held in work.policies.roles else {}
            said = entry.get("switches", {})
            membership.grant_role(
                work,
                company_id,
                account_id,
                product,
                **self._role(held),
                switches={area: is_on for area, is_on in said.items() if area in switched},
                restrictions=entry.get("restrictions", {}) if switched else {},
            )
        self.new["memberships"] += 1

    def _role(self, held: str) -> dict[str, Any]:
        return {"custom_role_id": self.custom[held]} if held in self.custom else {"role_id": held}

    def invitations(self, state: str) -> None:
        for entry in self.data["invitations"]:
            company_id = self.companies[entry["company"]].id
            canonical = email_address.canonical(entry["email"])
            if entry["state"] == state and not invitation.of_address(self.work, company_id, canonical):
                work = self.acting(self.on(entry["sent"]), entry["by"])
                invitation.offer(work, company_id, address=entry["email"], locale=entry["locale"], roles=entry["roles"])
                self.new["invitations"] += 1

    def mandate(self, entry: Entry) -> None:
        client, firm = self.companies[entry["company"]].id, self.companies[entry["firm"]].id
        if mandate.between(self.work, client, firm):
            return
        began = self.on(entry.get("started", entry.get("asked", 0)))
        offered = {"preset": entry["preset"], "options": entry["options"], "way": entry["way"]}
        made = mandate.record(began, client, firm, **offered, news=False)
        if entry["state"] in ("active", "ended"):
            mandate.confirm(began, made.id, news=False)
        if entry["state"] == "ended":
            mandate.end(self.on(entry["ended"]), made.id, news=False)
        self.new["mandates"] += 1

    def assignment(self, entry: Entry) -> None:
        account_id, client = self.accounts[entry["person"]], entry["client"]
        client_id = None if client == "all" else self.companies[client].id
        for firm_id in self._firms(entry["person"], client):
            held = assignment.of_colleague(self.work, firm_id, account_id)
            for product, given in entry["roles"].items():
                if any(each.product == product and each.client_id == client_id for each in held):
                    continue
                assignment.give(
                    self.work,
                    firm_id,
                    account_id,
                    product=product,
                    **self._role(given),
                    client_id=client_id,
                    locale=entry.get("preferred_locale"),
                )
                self.new["assignments"] += 1

    def _firms(self, person: str, client: str) -> set[UUID]:
        """The firms of this person that the assignment can be of: those with a mandate for the client."""
        own = {entry["company"] for entry in self.data["memberships"] if entry["person"] == person}
        mandated = {entry["firm"] for entry in self.data["mandates"] if client in ("all", entry["company"])}
        return {self.companies[firm].id for firm in own & mandated}

    def staff(self, entry: Entry) -> None:
        account_id = self.accounts[entry["person"]]
        for each in sorted(set(entry["roles"]) - staff.roles_ever(self.work, account_id)):
            staff.grant(self.work, account_id, each)
            self.new["staff_roles"] += 1
