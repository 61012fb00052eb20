"""The statements of the engine read what concerns the person, however large the firm is."""

import pytest
from sqlalchemy import event

from idp.companies import access


@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
def test_the_part_of_a_colleague_is_found_without_reading_the_firms_assignments(
    system, make_company, make_account, many
):
    """A firm of thousands has thousands of assignments; SQLite has no statistics and goes by what is written."""
    if system.session.get_bind().dialect.name != "sqlite":
        pytest.skip("PostgreSQL plans by statistics, and the tables of a test have none")
    person, places = make_account().account.id, [make_company(reference="one"), make_company(reference="other")]
    seen, driver = [], system.session.connection().connection.dbapi_connection

    def note(_, __, statement, parameters, *___):
        if "FROM mandates" in statement:
            seen.append([row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)])

    event.listen(system.session.get_bind().engine, "before_cursor_execute", note)
    try:
        if many:
            access.resolve_many(system, person, places, ["accounting"])
        else:
            access.resolve(system, person, places[0], "accounting")
    finally:
        event.remove(system.session.get_bind().engine, "before_cursor_execute", note)
    (plan,) = seen
    ways = [line for line in plan if line.startswith("SEARCH assignments")]
    assert len(ways) == 2, plan
    assert all("uq_assignments_" in line and "account_id=?" in line for line in ways), plan
