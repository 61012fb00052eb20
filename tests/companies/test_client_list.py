"""The clients of a firm and its people: who sees what, what is found, how it is sorted."""

import pytest

from idp.companies import assignment, client_group, client_list, colleague_list, membership
from idp.companies.client_list import Filter, Phase
from idp.core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from tests.companies.conftest import statements

LUMEN, LEMAIRE, CLARTE = "Atelier Lumen SARL", "Boulangerie Lemaire SRL", "Clarté Nettoyage SRL"
TOITURES, QUAIS, MIRABELLE = "Toitures Vanderlinden SRL", "Librairie des Quais SAS", "Studio Mirabelle"


@pytest.fixture
def deltour(demo):
    return demo.company("cabinet-deltour")


def names(work, firm, **wanted):
    return [each.name for each in client_list.listed(work, firm, Filter(**wanted)).rows]


def test_who_sees_which_clients(demo, deltour):
    """PRA-13: every client, or those given by name; without a practice role none at all."""
    assert names(demo.acting("nathalie.deltour"), deltour) == [LUMEN, LEMAIRE, CLARTE, MIRABELLE, TOITURES]
    assert names(demo.acting("karim.benali"), deltour) == [LUMEN, LEMAIRE, CLARTE, MIRABELLE, TOITURES]
    assert names(demo.acting("lotte.peeters"), deltour) == [LUMEN, LEMAIRE]
    with pytest.raises(NotFound):
        client_list.listed(demo.acting("amelie.dubois"), deltour, Filter())
    membership.revoke_role(demo.work, deltour, demo.account("lotte.peeters"), "practice")
    with pytest.raises(NotPermitted):  # with only the role at the client, there is no client to be seen
        client_list.listed(demo.acting("lotte.peeters"), deltour, Filter())


def test_a_client_is_there_for_those_who_see_it(demo, deltour):
    lotte, nathalie = demo.acting("lotte.peeters"), demo.acting("nathalie.deltour")
    seen = client_list.get(nathalie, deltour, demo.company("atelier-lumen"))
    assert (seen.phase, seen.preset, seen.colleagues) == (Phase.ACTIVE, "full-file-filing", 3)
    assert seen.products == ("accounting", "capture", "invoicing")
    assert client_list.get(nathalie, deltour, demo.company("librairie-des-quais")).phase is Phase.OVER
    for hidden in ("clarte-nettoyage", "librairie-des-quais", "studio-mirabelle", "cabinet-deltour"):
        with pytest.raises(NotFound):
            client_list.get(lotte, deltour, demo.company(hidden))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"search": "lemaire"}, [LEMAIRE]),
        ({"search": "namur"}, [LEMAIRE]),  # the town
        ({"search": "%"}, []),
        ({"search": "\x00lumen"}, [LUMEN]),
        ({"phase": Phase.ACTIVE}, [LUMEN, LEMAIRE, CLARTE, TOITURES]),
        ({"phase": Phase.WAITING}, [MIRABELLE]),
        ({"phase": Phase.OVER}, [QUAIS]),
        ({"phase": Phase.SUSPENDED}, []),
        ({"product": "payroll"}, [CLARTE, TOITURES]),
        ({"product": "invoicing", "phase": Phase.ACTIVE}, [LUMEN, LEMAIRE, TOITURES]),
        ({"product": "gone"}, []),
    ],
)
def test_clients_are_found(demo, deltour, wanted, expected):
    assert names(demo.acting("karim.benali"), deltour, **wanted) == expected


def test_clients_of_a_colleague(demo, deltour):
    """By name or for every client; only where the mandate covers a product that was given."""
    nathalie = demo.acting("nathalie.deltour")
    active = {"phase": Phase.ACTIVE}
    assert names(nathalie, deltour, colleague_id=demo.account("lotte.peeters"), **active) == [LUMEN, LEMAIRE]
    assert names(nathalie, deltour, colleague_id=demo.account("karim.benali"), **active) == [
        LUMEN, LEMAIRE, CLARTE, TOITURES,
    ]  # fmt: skip
    for each in assignment.of_colleague(demo.work, deltour, demo.account("karim.benali")):
        if each.product != "payroll":
            assignment.end(demo.work, deltour, each.id)
    assert names(nathalie, deltour, colleague_id=demo.account("karim.benali"), **active) == [CLARTE, TOITURES]


def test_pages_go_on_and_back(demo, deltour):
    karim = demo.acting("karim.benali")
    first = client_list.listed(karim, deltour, Filter(), limit=2)
    second = client_list.listed(karim, deltour, Filter(), after=first.next, limit=2)
    third = client_list.listed(karim, deltour, Filter(), after=second.next, limit=2)
    assert [(page.first, page.total, len(page.rows)) for page in (first, second, third)] == [
        (1, 5, 2), (3, 5, 2), (5, 5, 1),
    ]  # fmt: skip
    assert (first.previous, third.next) == (None, None)
    assert client_list.listed(karim, deltour, Filter(), before=third.previous, limit=2) == second


def test_a_page_costs_the_same_whatever_is_on_it(demo, deltour):
    karim = demo.acting("karim.benali")
    costs = []
    for limit in (1, 5):
        with statements(demo.work) as sent:
            client_list.listed(karim, deltour, Filter(), limit=limit)
        costs.append(len(sent))
    assert costs[0] == costs[1] <= 14


# --- groups ---


def test_a_client_may_be_in_several_groups(demo, deltour):
    nathalie, lumen = demo.acting("nathalie.deltour"), demo.company("atelier-lumen")
    shops, west = client_group.create(nathalie, deltour, "  Commerces "), client_group.create(nathalie, deltour, "West")
    client_group.sort(nathalie, deltour, lumen, [shops.id, west.id])
    client_group.sort(nathalie, deltour, demo.company("boulangerie-lemaire"), [shops.id])
    assert [(each.name, each.clients) for each in client_group.listed(nathalie, deltour)] == [
        ("Commerces", 2), ("West", 1),
    ]  # fmt: skip
    assert names(nathalie, deltour, group_id=shops.id) == [LUMEN, LEMAIRE]
    assert client_list.get(nathalie, deltour, lumen).groups == ("Commerces", "West")
    client_group.sort(nathalie, deltour, lumen, [west.id])
    assert names(nathalie, deltour, group_id=shops.id) == [LEMAIRE]
    client_group.rename(nathalie, deltour, shops.id, "Boutiques")
    client_group.remove(nathalie, deltour, west.id)
    assert [each.name for each in client_group.listed(nathalie, deltour)] == ["Boutiques"]
    assert client_list.get(nathalie, deltour, lumen).groups == ()


def test_a_group_is_filled_page_by_page(demo, deltour):
    karim = demo.acting("karim.benali")
    group = client_group.create(karim, deltour, "TVA").id
    lumen, lemaire, clarte = (
        demo.company(each) for each in ("atelier-lumen", "boulangerie-lemaire", "clarte-nettoyage")
    )
    client_group.fill(karim, deltour, group, shown=[lumen, lemaire], picked=[lumen, lemaire])
    client_group.fill(karim, deltour, group, shown=[lemaire, clarte], picked=[clarte])
    assert names(karim, deltour, group_id=group) == [LUMEN, CLARTE]
    with pytest.raises(InvalidInput):  # what was not shown is not ticked
        client_group.fill(karim, deltour, group, shown=[lumen], picked=[lemaire])
    with pytest.raises(NotFound):
        client_group.fill(karim, deltour, group, shown=[demo.company("cabinet-deltour")], picked=[])


def test_groups_keep_to_their_firm_and_to_those_who_see_every_client(demo, deltour, make_company):
    nathalie, karim = demo.acting("nathalie.deltour"), demo.acting("karim.benali")
    made = client_group.create(karim, deltour, "Commerces")
    demo.work.session.commit()
    demo.work.write()
    for name in ("", "  ", "x" * 61, "a\u202eb"):
        with pytest.raises(InvalidInput):
            client_group.create(karim, deltour, name)
    with pytest.raises(Conflict):
        client_group.create(nathalie, deltour, "Commerces")
    demo.work.session.rollback()
    demo.work.write()
    with pytest.raises(NotPermitted):
        client_group.create(demo.acting("lotte.peeters"), deltour, "Mine")
    other = make_company(kind="firm", products=("practice",))
    foreign = client_group.create(demo.work, other, "Foreign")
    for act in (
        lambda: client_group.rename(karim, deltour, foreign.id, "Ours"),
        lambda: client_group.remove(karim, deltour, foreign.id),
        lambda: client_group.sort(karim, deltour, demo.company("atelier-lumen"), [made.id, foreign.id]),
        lambda: client_group.sort(karim, deltour, demo.company("cabinet-deltour"), [made.id]),
        lambda: client_group.listed(karim, other),
    ):
        with pytest.raises(NotFound):
            act()
    assert names(karim, deltour, group_id=foreign.id) == []


# --- colleagues ---


def test_the_people_of_the_firm(demo, deltour, join):
    """SC27. A new colleague gets nothing by default."""
    new = join(deltour)
    seen = {each.account_id: each for each in colleague_list.listed(demo.acting("lotte.peeters"), deltour).rows}
    lotte, nathalie = seen[demo.account("lotte.peeters")], seen[demo.account("nathalie.deltour")]
    assert (lotte.every_client, lotte.clients, lotte.roles[0]["en"]) == (False, 2, "Staff accountant")
    assert (nathalie.every_client, nathalie.roles[0]["fr"]) == (True, "Administrateur du cabinet")
    assert (seen[new].roles, seen[new].every_client, seen[new].clients) == ((), False, 0)
    with pytest.raises(NotFound):
        colleague_list.listed(demo.acting("amelie.dubois"), deltour)
    with pytest.raises(NotFound):
        colleague_list.get(demo.acting("karim.benali"), deltour, demo.account("amelie.dubois"))


def test_people_are_found_by_name_and_address(demo, deltour):
    karim = demo.acting("karim.benali")
    for search in ("peeters", "Lotte Peeters", "lotte@cabinet", "Peeters Lotte"):
        assert [each.name for each in colleague_list.listed(karim, deltour, search=search).rows] == ["Lotte Peeters"]
    first = colleague_list.listed(karim, deltour, limit=2)
    last = colleague_list.listed(karim, deltour, after=first.next, limit=2)
    assert [each.name for each in (*first.rows, *last.rows)] == [
        "Karim Benali", "Nathalie Deltour", "Lotte Peeters",
    ]  # fmt: skip
    assert colleague_list.listed(karim, deltour, before=last.previous, limit=2) == first


def test_who_works_for_a_client(demo, deltour):
    """SC26: the firm's people with what they have there; nobody of the client's own."""
    nathalie = demo.acting("nathalie.deltour")
    client = client_list.get(nathalie, deltour, demo.company("boulangerie-lemaire"))
    page, held = colleague_list.at_client(nathalie, deltour, client)
    assert [each.name for each in page.rows] == ["Karim Benali", "Nathalie Deltour", "Lotte Peeters"]
    lotte = held[demo.account("lotte.peeters")]
    assert [(each.product, each.own, each.everywhere, each.locale) for each in lotte] == [
        ("capture", True, False, "nl-BE"), ("invoicing", False, False, "nl-BE"),
    ]  # fmt: skip
    karim = held[demo.account("karim.benali")]
    assert [each.product for each in karim] == ["accounting", "capture", "invoicing"]  # not payroll: not covered
    assert all(each.everywhere for each in karim)
    without_lotte = client_list.get(nathalie, deltour, demo.company("toitures-vanderlinden"))
    page, held = colleague_list.at_client(nathalie, deltour, without_lotte)
    assert [each.name for each in page.rows] == ["Karim Benali", "Nathalie Deltour"]
    assert page.total == without_lotte.colleagues == len(held) == 2
    waiting = client_list.get(nathalie, deltour, demo.company("studio-mirabelle"))
    assert colleague_list.at_client(nathalie, deltour, waiting)[0].total == 0
