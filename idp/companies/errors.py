"""Refusals of this floor, each with its stable code."""

from idp.core.errors import Conflict, Expired, InvalidInput, NotPermitted


class NotOnYourself(NotPermitted):
    """Nobody changes their own access, the owner included."""

    code = "not_on_yourself"


class OwnerNotEditable(NotPermitted):
    """The holder of a company's unique role is changed by nobody else."""

    code = "owner_not_editable"


class HigherRole(NotPermitted):
    """The person holds a role here that the actor could not have given, or may not touch."""

    code = "higher_role"


class ChangedMeanwhile(Conflict):
    """Somebody else changed it since it was shown; look at what it is now, then decide."""

    code = "changed_meanwhile"


class LastAdministrator(Conflict):
    """Nobody else could run the firm; name another one first."""

    code = "last_administrator"


class OwnerCannotLeave(Conflict):
    """A company keeps its owner until the ownership is handed over."""

    code = "owner_cannot_leave"


class RoleNotAssignable(NotPermitted):
    """None of the actor's roles may give this role."""

    code = "role_not_assignable"


class RoleNotOffered(Conflict):
    """The role does not exist in this product, is not for this kind of holder, or is not in the company's plan."""

    code = "role_not_offered"


class RoleExists(Conflict):
    """The person holds a role in this product already; change it instead."""

    code = "role_exists"


class AlreadyMember(Conflict):
    """The person belongs to this company already."""

    code = "already_member"


class UniqueRoleTaken(Conflict):
    """The company role has one holder, and has one."""

    code = "unique_role_taken"


class AlreadyInvited(Conflict):
    """This address holds an open invitation here."""

    code = "already_invited"


class FirstUserRefused(Conflict):
    """Somebody who was listed cannot be invited any more; `name` says who, `reason` is the code of the refusal."""

    code = "first_user_refused"


class InvitationClosed(Conflict):
    """The invitation is not open any more; `outcome` says what became of it."""

    code = "invitation_closed"


class NotSubscribed(Conflict):
    """The company has no running subscription to this product."""

    code = "not_subscribed"


class SeatLimitReached(Conflict):
    """No seat is left, and the plan sells no more; `used` and `of` say how many there are."""

    code = "seat_limit_reached"


class ExtraCostUnconfirmed(Conflict):
    """The next seat costs extra: confirm the cost first."""

    code = "confirm_extra_cost"


class TransitionRefused(Conflict):
    """A subscription does not go from this state to that one."""

    code = "transition_refused"


class StillSubscribed(Conflict):
    """A company is closed once its products have ended; cancel these first."""

    code = "still_subscribed"


class UnknownCompany(InvalidInput):
    """Billing speaks of a company that it has not ordered here."""

    code = "unknown_company"


class UnknownProduct(InvalidInput):
    """There is no such product, or the company has not subscribed to it."""

    code = "unknown_product"


class UnknownPlan(InvalidInput):
    """There is no such plan for this kind of company."""

    code = "unknown_plan"


class DatePassed(InvalidInput):
    """The date is over, and it should be one to come; `field` says which."""

    code = "date_passed"


class ExportUnconfirmed(InvalidInput):
    """Nobody has said that the data is exported; the product stays as it is."""

    code = "export_unconfirmed"


class LoweringBelowUse(Conflict):
    """More seats are used than there would be: remove people first; `products` says where."""

    code = "lowering_below_use"


class ChangeBlocked(Conflict):
    """Every product is cancelled or over, so the contract is not changed any more; continue one first."""

    code = "change_blocked"


class PlanLacksProduct(Conflict):
    """The plan does not have a product that the company still uses; end it first."""

    code = "plan_lacks_product"


class EventReused(Conflict):
    """The identifier of this event belongs to another one; nothing was done."""

    code = "event_reused"


class KeysLive(Conflict):
    """Two keys are live already: rotate, or revoke one of them."""

    code = "keys_live"


class CustomRoleRefused(Conflict):
    """The company may not make this role; `reason` says why."""

    code = "custom_role_refused"


class RoleInUse(Conflict):
    """Somebody holds the role, or is invited to: `people`, `invited` and, of a firm's role, `clients` say how many."""

    code = "role_in_use"


class RoleChanged(Conflict):
    """Somebody else changed the role meanwhile; `revision` is the one it has now."""

    code = "role_changed"


class MandateExists(Conflict):
    """The firm already has a mandate, or an open request, for this company."""

    code = "mandate_exists"


class MandateWaiting(MandateExists):
    """This very firm has asked for access: confirm its request; `mandate` names it."""

    code = "mandate_waiting"


class MandateMismatch(Conflict):
    """The firm that asked and the address that was typed differ."""

    code = "mandate_mismatch"


class MandateSelf(Conflict):
    """The address is that of one of the company's own people; a mandate is given to a firm."""

    code = "mandate_self"


class MandateExpired(Expired):
    """The invitation or request has waited too long."""

    code = "mandate_expired"


class MandateAsked(Conflict):
    """The firm has asked at this address already, and waits for the answer."""

    code = "mandate_asked"


class FirmsFull(Conflict):
    """The company has as many firms as it may have; `max` says how many."""

    code = "firms_full"


class NotAFirm(Conflict):
    """No account has this address, or it belongs to no accounting firm."""

    code = "accountant_unknown"


class NotCovered(Conflict):
    """The mandate does not open this product, or the role is not for colleagues."""

    code = "mandate_does_not_cover"


class NeedsPracticeRole(Conflict):
    """A colleague works for clients only with a role in the running of the firm."""

    code = "needs_practice_role"


class ClientsByName(Conflict):
    """The colleague's role in the firm reaches only clients that are given by name."""

    code = "clients_by_name"


class ColleagueOutOfReach(NotPermitted):
    """The colleague holds a role in the firm that the actor's own may not touch."""

    code = "colleague_out_of_reach"


class FourEyes(NotPermitted):
    """Who opened a case does not approve it."""

    code = "four_eyes"


class MoreRights(NotPermitted):
    """The person holds rights in running the service that the actor does not hold."""

    code = "more_rights"


class CaseOpen(Conflict):
    """There is an open case about this matter; `case` is its reference."""

    code = "case_open"


class CaseState(Conflict):
    """The case is at another point; `state` says where."""

    code = "case_state"
