"""Doing what an explanation proposes, by the commands themselves."""

from uuid import UUID

from sqlalchemy import select

from idp.accounts.models import Account
from idp.companies import (
    assignment,
    company,
    mandate,
    mandate_change,
    membership,
    module,
    product_role,
    role,
    subscription,
)
from idp.companies.mandate_scope import Scope
from idp.companies.models import Assignment, Mandate, ProductRole, Subscription
from idp.companies.remedy import Step
from idp.work import Work


class Scene:
    """One person, one company, the firm between them, one product."""

    def __init__(self, work: Work, account: UUID, company_id: UUID, firm: UUID, product: str) -> None:
        self.work, self.account, self.company, self.firm, self.product = work, account, company_id, firm, product
        self.extra_cost = False  # of a seat that was ordered for the role that comes next

    def do(self, step: Step) -> None:
        getattr(self, f"_{step.act.value}")(step)
        self.work.session.flush()

    def _held(self) -> ProductRole | None:
        return self.work.session.scalar(
            select(ProductRole).filter_by(
                account_id=self.account, company_id=self.company, product=self.product, ended_at=None
            )
        )

    def _give(self, **values) -> None:
        give = product_role.change_role if self._held() is not None else product_role.grant_role
        give(self.work, self.company, self.account, self.product, extra_cost=self.extra_cost, **values)

    def _unblock_account(self, step: Step) -> None:
        self.work.session.get(Account, self.account).status = "active"

    def _invite(self, step: Step) -> None:
        company_role = step.what.get("company_role", "company.member")
        membership.add(self.work, self.company, self.account, company_role=company_role)
        if "company_role" not in step.what:
            self._give_role(step)

    def _resume_member(self, step: Step) -> None:
        membership.resume(self.work, self.firm if step.firm else self.company, self.account)

    def _give_role(self, step: Step) -> None:
        own = step.what.get("custom_role")
        self._give(role_id=step.what.get("role"), custom_role_id=UUID(own) if own else None)

    def _change_role(self, step: Step) -> None:
        own = step.what.get("custom_role")
        role_id = step.what.get("role")
        limits = self._held().restrictions if role_id and self.work.policies.roles[role_id].switches else {}
        self._give(role_id=role_id, custom_role_id=UUID(own) if own else None, restrictions=limits)

    def _change_company_role(self, step: Step) -> None:
        membership.find(self.work, self.company, self.account).company_role = step.what["company_role"]

    def _build_role(self, step: Step) -> None:
        where = self.firm if step.firm else self.company
        made = role.create_custom(
            self.work, where, self.product, name="Proposed", labels={"en": "Proposed"},
            permissions=[step.what["permission"]],
        )  # fmt: skip
        if step.firm:
            self._reassign(custom_role_id=made.id)
        else:
            self._give(custom_role_id=made.id)

    def _activate_application(self, step: Step) -> None:
        now = module.of_product(self.work, self.company, self.product)
        module.tell(self.work, self.company, self.product, [*now.on, step.what["area"]])

    def _switch_on_area(self, step: Step) -> None:
        held = self._held()
        switches = dict.fromkeys([*held.switches, step.what["area"]], True)
        self._give(role_id=held.role, switches=switches, restrictions=held.restrictions)

    def _lift_restriction(self, step: Step) -> None:
        held = self._held()
        kept = {name: value for name, value in held.restrictions.items() if name != step.what["restriction"]}
        self._give(
            role_id=held.role, custom_role_id=held.custom_role_id, restrictions=kept,
            switches=dict.fromkeys(held.switches, True) if held.role else {},
        )  # fmt: skip

    def _switch_on_service(self, step: Step) -> None:
        row = company.get(self.work, self.company)
        row.services = sorted({*row.services, step.what["service"]})

    def _switch_on_service_for_person(self, step: Step) -> None:
        held = membership.find(self.work, self.company, self.account)
        held.services = sorted({*held.services, step.what["service"]})

    def _subscribe(self, step: Step) -> None:
        subscription.set_state(self.work, self.company, self.product, "active")

    _resubscribe = _settle_subscription = _subscribe

    def _change_plan(self, step: Step) -> None:
        contract = self.work.session.scalar(select(Subscription).filter_by(company_id=self.company))
        contract.plan = step.what["plan"]
        self._subscribe(step)

    def _order_seat(self, step: Step) -> None:
        self.extra_cost = True

    def _change_to_larger_plan(self, step: Step) -> None:
        contract = self.work.session.scalar(select(Subscription).filter_by(company_id=self.company))
        contract.plan = step.what["plan"]
        contract.seats = self.work.policies.plans[contract.plan].seats.included

    def _free_seat(self, step: Step) -> None:
        others = select(ProductRole.account_id).where(
            ProductRole.company_id == self.company, ProductRole.product == step.what["product"],
            ProductRole.uses_seat, ProductRole.ended_at.is_(None), ProductRole.account_id != self.account,
        )  # fmt: skip
        product_role.revoke_role(self.work, self.company, self.work.session.scalars(others).first(), self.product)

    def _give_mandate(self, step: Step) -> None:
        made = mandate.record(
            self.work, self.company, self.firm, preset=step.what["preset"],
            options=[each for each in step.what["options"].split(",") if each], way="client-invites",
        )  # fmt: skip
        mandate.confirm(self.work, made.id)

    def _confirm_mandate(self, step: Step) -> None:
        mandate.confirm(self.work, UUID(step.what["mandate"]))

    def _mandate(self) -> Mandate:
        return self.work.session.scalar(select(Mandate).filter_by(company_id=self.company, state="active"))

    def _widen_mandate(self, step: Step) -> None:
        what = {name: [each for each in step.what[name].split(",") if each] for name in ("options", "lowered")}
        lowered = dict(each.split(":") for each in what["lowered"])
        scope = Scope(step.what["preset"], tuple(what["options"]), lowered)
        mandate_change.change(self.work, self._mandate().id, scope)

    def _reassign(self, **values) -> None:
        for row in self.work.session.scalars(
            select(Assignment).filter_by(account_id=self.account, product=self.product, ended_at=None)
        ):
            row.ended_at = self.work.now
        self.work.session.flush()
        assignment.give(self.work, self.firm, self.account, product=self.product, client_id=self.company, **values)

    def _assign(self, step: Step) -> None:
        own = step.what.get("custom_role")
        self._reassign(role_id=step.what.get("role"), custom_role_id=UUID(own) if own else None)

    _change_assignment = _assign

    def _give_firm_role(self, step: Step) -> None:
        held = self.work.session.scalar(
            select(ProductRole).filter_by(
                account_id=self.account, company_id=self.firm, product=step.what["product"], ended_at=None
            )
        )
        give = product_role.change_role if held is not None else product_role.grant_role
        give(self.work, self.firm, self.account, step.what["product"], role_id=step.what["role"])

    def _settle_firm_subscription(self, step: Step) -> None:
        subscription.set_state(self.work, self.firm, "practice", "active")
