"""The statements of the engine, built once: a company with what a person holds there, and mandates leading to it."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select

from idp.companies import tables


def _member_statement(*, many: bool) -> Select[Any]:
    """The company with what it subscribes to, and what the person holds there as one of its own."""
    c, a, s = tables.companies.c, tables.accounts.c, tables.subscribed_products.c
    m, r, own = tables.memberships.c, tables.product_roles.c, tables.custom_roles.c
    product: ColumnElement[str] = s.product if many else bindparam("product")
    subscribed = and_(s.company_id == c.id, s.product.in_(bindparam("products", expanding=True)) if many
                      else s.product == product)  # fmt: skip
    own_role = and_(
        own.id == r.custom_role_id, own.company_id == c.id, own.product == r.product, own.deleted_at.is_(None)
    )
    source = (
        tables.companies.join(tables.accounts, a.id == bindparam("account"))
        .join(tables.subscribed_products, subscribed, isouter=not many)
        .outerjoin(tables.memberships, and_(m.account_id == a.id, m.company_id == c.id, m.ended_at.is_(None)))
        .outerjoin(tables.product_roles, and_(
            r.account_id == a.id, r.company_id == c.id, r.product == product, r.membership_id == m.id,
            r.ended_at.is_(None),
        ))
        .outerjoin(tables.custom_roles, own_role)
    )  # fmt: skip
    chosen = c.id.in_(bindparam("companies", expanding=True)) if many else c.id == bindparam("company")
    return (
        select(
            c.id.label("company_id"), c.name.label("company_name"), c.kind, c.services.label("company_services"),
            c.epoch.label("company_epoch"), c.closed_at, c.suspended_at.label("company_suspended_at"), a.status,
            s.product, s.state, s.since_at, s.until_at, s.suspends_at, s.kept_until_at,
            m.id.label("membership_id"), m.company_role, m.also, m.services.label("person_services"),
            m.epoch.label("member_epoch"), m.suspended_at,
            r.role, r.switches, r.restrictions, r.expires_at,
            own.id.label("custom_role_found"), own.permissions, own.labels,
        )
        .select_from(source)
        .where(chosen)
    )  # fmt: skip


def _links_statement(*, many: bool) -> Select[Any]:
    """A row for every mandate between the company and a firm of the person, with the person's part in it.

    Mandates that are over are read too: their epochs keep a later answer from falling behind an earlier one.
    """
    m, f, p, r = tables.mandates.c, tables.firms.c, tables.memberships.c, tables.product_roles.c
    s, a, own = tables.subscribed_products.c, tables.assignments.c, tables.custom_roles.c
    asked = a.product.in_(bindparam("products", expanding=True)) if many else a.product == bindparam("product")
    # By name, or for every client of the firm. SQLite would look for what both have in common, the firm, and read all
    # of its assignments: so the firm of the first is written as what no index answers.
    of_firm = func.coalesce(a.firm_id, a.mandate_id) == m.firm_id
    given = or_(and_(a.mandate_id == m.id, of_firm), and_(a.mandate_id.is_(None), a.firm_id == m.firm_id))
    source = (
        tables.mandates.join(tables.firms, and_(f.id == m.firm_id, f.kind == "firm"))
        .join(tables.memberships, and_(
            p.account_id == bindparam("account"), p.company_id == m.firm_id, p.ended_at.is_(None),
        ))
        .outerjoin(tables.product_roles, and_(
            r.account_id == p.account_id, r.company_id == p.company_id, r.membership_id == p.id,
            r.product.in_(bindparam("firm_products", expanding=True)), r.ended_at.is_(None),
        ))
        .outerjoin(tables.subscribed_products, and_(s.company_id == m.firm_id, s.product == r.product))
        .outerjoin(tables.assignments, and_(
            a.account_id == p.account_id, asked, a.ended_at.is_(None), given,
        ))
        .outerjoin(tables.custom_roles, and_(
            own.id == a.custom_role_id, own.company_id == m.firm_id, own.product == a.product, own.deleted_at.is_(None),
        ))
    )  # fmt: skip
    chosen = m.company_id.in_(bindparam("companies", expanding=True)) if many else m.company_id == bindparam("company")
    return (
        select(
            m.company_id.label("client_id"), m.id.label("mandate_id"), m.preset, m.options, m.lowered, m.way,
            m.state.label("mandate_state"), m.started_at.label("mandate_started"), m.view_from_at,
            m.until_at.label("mandate_until"), m.epoch.label("mandate_epoch"),
            m.firm_id, f.name.label("firm_name"), f.epoch.label("firm_epoch"), f.closed_at.label("firm_closed_at"),
            f.suspended_at.label("firm_suspended_at"),
            p.epoch.label("colleague_epoch"), p.suspended_at.label("colleague_suspended_at"),
            r.role.label("colleague_role"), r.custom_role_id.label("colleague_custom_role_id"),
            r.expires_at.label("colleague_expires_at"),
            s.state.label("firm_state"), s.since_at.label("firm_since"), s.until_at.label("firm_until"),
            s.suspends_at.label("firm_suspends"),
            a.mandate_id.label("for_mandate"), a.product, a.role, a.locale,
            own.id.label("custom_role_found"), own.permissions, own.labels,
        )
        .select_from(source)
        .where(chosen)
    )  # fmt: skip


MEMBER, MEMBER_MANY = _member_statement(many=False), _member_statement(many=True)
LINKS, LINKS_MANY = _links_statement(many=False), _links_statement(many=True)
