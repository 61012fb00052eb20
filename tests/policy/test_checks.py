"""Every mistake in a policy file is refused, with the file and the entry it is in."""

import pytest

from idp.core.errors import IdpError
from idp.policy import load
from tests.policy.broken import refusal, replace

MISTAKES = {
    "unknown key": ("payroll.yaml", "  order: 40", "  order: 40\n  colour: red", "product/colour", "Extra inputs"),
    "unknown key in a permission": (
        "accounting.yaml",
        "{id: accounting.bank.view, level: view,",
        "{id: accounting.bank.view, level: view, hidden: true,",
        "areas/bank/permissions/accounting.bank.view/hidden",
        "Extra inputs",
    ),
    "missing English label": (
        "accounting.yaml",
        'label: {fr: "Consulter le tableau de bord", en: "View the dashboard"}',
        'label: {fr: "Consulter le tableau de bord"}',
        "areas/dashboard/permissions/accounting.dashboard.view/label",
        "text missing in: en",
    ),
    "blank French label": ("mandates.yaml", 'fr: "Tenue complète"', 'fr: " "', "presets/full-file/label", "in: fr"),
    "unknown language": ("payroll.yaml", 'es: "Nóminas"', 'xx: "Nóminas"', "product/label", "unknown language: xx"),
    "unknown level": (
        "payroll.yaml",
        "{reports: view,",
        "{reports: look,",
        "roles/payroll.reader/grants/reports",
        "Input",
    ),
    "bad identifier": (
        "payroll.yaml",
        "id: payroll.own.leave,",
        "id: payroll.Own.leave,",
        "areas/own/permissions/payroll.Own.leave/id",
        "pattern",
    ),
    "other schema": ("subscriptions.yaml", "schema: 1", "schema: 2", "schema", "Input should be 1"),
    "duplicate key": ("company.yaml", "  order: 0", "  order: 0\n  order: 1", "order", "written twice"),
    "not YAML": ("capture.yaml", "schema: 1", "schema: [1", "(file)", "not YAML"),
    "object tag": ("capture.yaml", "schema: 1", "schema: !!python/object:os.x {}", "could not", "plain YAML"),
    "duplicate area": ("payroll.yaml", "- id: runs\n", "- id: own\n", "own", "area written 2 times"),
    "duplicate permission": (
        "payroll.yaml",
        "id: payroll.own.leave,",
        "id: payroll.own.payslips,",
        "payroll.own.payslips",
        "permission written 2 times",
    ),
    "duplicate role": (
        "payroll.yaml",
        "id: payroll.line-manager",
        "id: payroll.employee",
        "payroll.employee",
        "role written",
    ),
    "permission of another area": (
        "payroll.yaml",
        "id: payroll.own.leave,",
        "id: payroll.runs.leave,",
        "payroll.runs.leave",
        "begin with payroll.own.",
    ),
    "unknown permission in a role": (
        "payroll.yaml",
        "      - payroll.payments.send",
        "      - payroll.payments.spend",
        "payroll.administrator",
        "unknown permission payroll.payments.spend",
    ),
    "unknown area in a grant": (
        "payroll.yaml",
        "{reports: view,",
        "{report: view,",
        "payroll.reader",
        "area in grants: report",
    ),
    "unknown required permission": (
        "capture.yaml",
        "requires: [capture.expenses.view-own]",
        "requires: [capture.expenses.view-any]",
        "capture.expenses.upload",
        "unknown required permission",
    ),
    "except takes out what is required": (
        "capture.yaml",
        "      - capture.purchases.upload\n",
        "      - capture.expenses.view-own\n",
        "capture.documents-basic",
        "except takes out capture.expenses.view-own",
    ),
    "except without effect": (
        "practice.yaml",
        "      - practice.colleagues.remove",
        "      - practice.rates.edit",
        "practice.manager",
        "not among its permissions",
    ),
    "role without permission": (
        "payroll.yaml",
        "{reports: view, declarations: view}",
        "{}",
        "payroll.reader",
        "without permission",
    ),
    "unknown giver": (
        "payroll.yaml",
        "assignable_by: [company.owner, mandate]",
        "assignable_by: [company.boss, mandate]",
        "payroll.reader",
        "assignable_by: company.boss",
    ),
    "unknown service": (
        "payroll.yaml",
        "service: payroll-filing",
        "service: filing",
        "payroll.declarations.file",
        "unknown service",
    ),
    "service said otherwise": (
        "payroll.yaml",
        '- id: sepa-payments\n    label: {fr: "Télépaiements SEPA", en: "SEPA payments"}\n    per_person: false',
        '- id: sepa-payments\n    label: {fr: "Télépaiements SEPA", en: "SEPA payments"}\n    per_person: true',
        "sepa-payments",
        "described otherwise in accounting.yaml",
    ),
    "unknown default role": (
        "payroll.yaml",
        "default_role: payroll.employee",
        "default_role: payroll.clerk",
        "product/default_role",
        "clerk",
    ),
    "accountant role not for mandates": (
        "accounting.yaml",
        "accountant_role: accounting.accountant",
        "accountant_role: accounting.bookkeeper",
        "product/accountant_role",
        "not held by mandate",
    ),
    "one-sided pair": (
        "capture.yaml",
        "paired_with: supplier-statements",
        "paired_with: sales",
        "purchases",
        "not paired with it",
    ),
    "pair of unequal levels": (
        "capture.yaml",
        "{purchases: work, supplier-statements: work,",
        "{purchases: work, supplier-statements: view,",
        "capture.documents-basic",
        "need the same level",
    ),
    "grant of a switched area": (
        "invoicing.yaml",
        "grants: {customers: manage, items: manage}",
        "grants: {customers: manage, items: manage, quotes: view}",
        "invoicing.employee",
        "quotes has a switch",
    ),
    "always on but not granted": (
        "invoicing.yaml",
        "grants: {customers: manage, items: manage}",
        "grants: {customers: manage}",
        "invoicing.employee",
        "items is always on",
    ),
    "restriction that removes nothing": (
        "invoicing.yaml",
        "invoicing.*.delete",
        "invoicing.*.erase",
        "no-deletion",
        "matches no",
    ),
    "list too long for a token": (
        "invoicing.yaml",
        "inline_permissions: false",
        "inline_permissions: true",
        "invoicing.accountant",
        "80 permissions take",
    ),
    "unknown preset of a role": (
        "accounting.yaml",
        '"mandate:full-file"',
        '"mandate:fullfile"',
        "accounting.practice-client",
        "fullfile",
    ),
    "file not named after its product": ("payroll.yaml", "  id: payroll", "  id: wages", "wages", "named wages.yaml"),
    "unknown product of a plan": (
        "subscriptions.yaml",
        "products: [invoicing]",
        "products: [billing]",
        "unlimited-invoicing",
        "billing",
    ),
    "firm product in a company plan": (
        "subscriptions.yaml",
        "products: [accounting, invoicing, capture]",
        "products: [accounting, invoicing, practice]",
        "solo",
        "only for a firm",
    ),
    "plan of an administration": (
        "subscriptions.yaml",
        "products: [invoicing]",
        "products: [company]",
        "unlimited-invoicing",
        "not an app",
    ),
    "unknown role of a plan": (
        "subscriptions.yaml",
        "roles_offered: [invoicing.owner,",
        "roles_offered: [invoicing.boss,",
        "unlimited-invoicing",
        "invoicing.boss",
    ),
    "unknown state of a transition": (
        "subscriptions.yaml",
        "{from: trial, to: active,",
        "{from: test, to: active,",
        "transitions/test-active",
        "test",
    ),
    "unknown action of a state": (
        "subscriptions.yaml",
        "blocked_actions: [company.subscription.change]",
        "blocked_actions: [company.subscription.alter]",
        "notice",
        "company.subscription.alter",
    ),
    "unknown role of a preset": (
        "mandates.yaml",
        "capture: capture.reader",
        "capture: capture.looker",
        "review",
        "capture.looker",
    ),
    "role of a preset not for mandates": (
        "mandates.yaml",
        "capture: capture.reader",
        "capture: capture.files-basic",
        "review",
        "not held and assignable by mandate",
    ),
    "consent skipped": (
        "mandates.yaml",
        "roles: {invoicing: invoicing.accountant}",
        "roles: {payroll: payroll.accountant}",
        "invoicing-documents",
        "separate consent",
    ),
    "pattern that matches nothing": (
        "mandates.yaml",
        "- payroll.settings.*",
        "- payroll.setings.*",
        "never/payroll.setings.*",
        "no permission",
    ),
    "administration that is never opened": (
        "mandates.yaml",
        "company: [company.profile.view]",
        "company: [company.users.view]",
        "full-file",
        "never opened",
    ),
    "support without end": ("mandates.yaml", "    max_days: 30\n", "", "support", "ends after 30 days"),
    "no default preset": ("mandates.yaml", "    default: true\n", "", "presets", "exactly one"),
    "way of somebody without the right": (
        "mandates.yaml",
        "finish: {by: [practice.administrator, practice.manager]",
        "finish: {by: [practice.administrator, practice.reader]",
        "client-invites",
        "practice.reader does not hold",
    ),
    "unknown state of a firm": (
        "mandates.yaml",
        "{suspended: view,",
        "{paused: view,",
        "rules/firm_states",
        "unknown state paused",
    ),
    "ended firm keeps its mandates": (
        "mandates.yaml",
        "ended: none,",
        "ended: view,",
        "rules/firm_states",
        "must leave no",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_refused_with_its_file_and_entry(folder, mistake):
    file, old, new, entry, reason = mistake
    replace(folder, file, old, new)

    error = refusal(folder)

    assert isinstance(error, IdpError)
    assert error.code == "policy_error"
    found = [each for each in error.problems if each.entry.startswith(entry) and reason in each.reason]
    assert found, str(error)
    assert found[0].file == file
    assert f"{found[0].file}: {found[0].entry}: " in str(error)


def test_a_mandate_never_opens_settings_for_change(folder):
    replace(folder, "mandates.yaml", "  - accounting.settings.*\n", "")
    load(folder)  # a decision, not a mistake: no preset gives a role that holds such permissions
    replace(
        folder,
        "accounting.yaml",
        "audit-export: manage, general-data: view}",
        "audit-export: manage, settings: manage}",
    )

    problems = refusal(folder).problems
    assert {each.entry for each in problems} == {"full-file"}
    assert any("opens accounting.settings.edit" in each.reason for each in problems)


def test_all_mistakes_are_told_together(folder):
    replace(folder, "payroll.yaml", "{reports: view,", "{report: view,")
    replace(folder, "mandates.yaml", "- payroll.settings.*", "- payroll.setings.*")

    error = refusal(folder)
    assert [(each.file, each.entry) for each in error.problems] == [
        ("mandates.yaml", "never/payroll.setings.*"),
        ("payroll.yaml", "payroll.reader"),
    ]
    assert error.members == {
        "file": "mandates.yaml",
        "entry": "never/payroll.setings.*",
        "reason": "matches no permission",
    }
