"""Many people at once: lists as spreadsheets save them, a result for each line."""

import csv
import io

import pytest

from idp.companies import invitation_batch, invitation_file, membership, role, seats
from idp.companies.invitation_file import Defaults
from idp.companies.role_wish import Wish
from idp.core.errors import InvalidInput, NotPermitted
from tests.companies.inviting import offer, sent

FRENCH = (
    "E-mail;Prénom;Nom;Langue;Capture de documents\r\n"
    "zoe@example.test;Zoé;Kervadec;fr;Documents – simple\r\n"
    "bart@example.test;Bart;Maes;nl;reader\r\n"
)
ENGLISH = (
    "Email,First name,Last name,Language,Document capture\n"
    "zoe@example.test,Zoé,Kervadec,fr-FR,Documents – basic\n"
    '"bart@example.test","Bart","Maes",nl-BE,capture.reader\n'
)
DEFAULTS = Defaults("fr-FR")


@pytest.fixture
def lumen(demo):
    return demo.company("atelier-lumen")


@pytest.fixture
def amelie(demo):
    return demo.acting("amelie.dubois")


def read(work, company_id, text, defaults=DEFAULTS, encoding="utf-8"):
    return invitation_file.read(work, company_id, text.encode(encoding), defaults)


@pytest.mark.parametrize("text", [FRENCH, ENGLISH, FRENCH.replace(";", "\t")], ids=["fr", "en", "tab"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_list_is_read_however_it_was_saved(demo, lumen, amelie, text, encoding):
    lines = read(amelie, lumen, text, encoding=encoding)
    first, second = [line.draft for line in lines]
    assert [line.number for line in lines] == [2, 3]
    assert (first.address, first.given_name, first.family_name, first.locale) == (
        "zoe@example.test", "Zoé", "Kervadec", "fr-FR",
    )  # fmt: skip
    assert first.roles == {"capture": Wish("capture.documents-basic")}
    assert (second.locale, second.roles) == ("nl-BE", {"capture": Wish("capture.reader")})


def test_a_bare_list_of_addresses_takes_what_was_chosen_for_all(lumen, amelie):
    defaults = Defaults("en-GB", "company.auditor", {"capture": Wish("capture.reader")}, "Welcome")
    lines = read(amelie, lumen, "zoe@example.test\n\n  bart@example.test  \n", defaults)
    assert [line.address for line in lines] == ["zoe@example.test", "bart@example.test"]
    assert {(line.draft.locale, line.draft.company_role, line.draft.message) for line in lines} == {
        ("en-GB", "company.auditor", "Welcome")
    }
    assert lines[1].number == 3


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\n;;\n", "empty"),
        (b"e-mail\n", "empty"),
        (b"x" * (64 * 1024 + 1), "too_large"),
        (b"PK\x03\x04 a workbook", "not_text"),
        (b"e-mail\x00", "not_text"),
        (b"e-mail\nzo\x07e@example.test", "not_text"),
        (b"name;language\nx;fr", "no_address_column"),
        (b"zoe@example.test;Zoe\n", "no_address_column"),
        (b"e-mail;telephone\nzoe@example.test;1", "unknown_column"),
        (b"e-mail;courriel\nzoe@example.test;1", "column_twice"),
        (b"e-mail\n" + b"zoe@example.test\n" * 201, "too_many_lines"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(lumen, amelie, content, reason):
    with pytest.raises(InvalidInput) as refused:
        invitation_file.read(amelie, lumen, content, DEFAULTS)
    assert refused.value.members["reason"] == reason


def test_a_line_that_cannot_be_read_stops_no_other(lumen, amelie):
    text = (
        "e-mail;nom;langue;rôle dans l’entreprise;comptabilité\n"
        "zoe@example.test;K;klingon;;\n"
        ";K;fr;;\n"
        "bart@example.test;K;fr;empereur;\n"
        "eva@example.test;K;fr;;gourou\n"
        f"ada@example.test;{'x' * 401};fr;;\n"
        "fay@example.test;K;fr;;;;more\n"
        "=cmd|' /C calc'!A0;K;fr;;\n"
        "gus@example.test;=1+1;fr;auditor;\n"
    )
    lines = read(amelie, lumen, text)
    assert [line.problem and line.problem.members["field"] for line in lines] == [
        "locale", "email", "company_role", "role", "line", "line", None, None,
    ]  # fmt: skip
    results = invitation_batch.check(amelie, lumen, lines)
    assert results[6].refused.members["field"] == "email"
    assert results[7].refused is None


def test_a_role_one_may_not_give_is_not_known(demo):
    katrien, vanderlinden = demo.acting("katrien.desmet"), demo.company("toitures-vanderlinden")
    lines = read(katrien, vanderlinden, "e-mail;payroll\nzoe@example.test;administrator\neva@example.test;employee\n")
    assert [line.draft is None for line in lines] == [True, False]


def test_seats_are_counted_along_the_list_and_nothing_goes_to_refused_lines(demo):
    lemaire, benoit = demo.company("boulangerie-lemaire"), demo.acting("benoit.lemaire")
    membership.revoke_role(demo.work, lemaire, demo.account("sophie.lemaire"), "invoicing")
    text = "e-mail;invoicing\n" + "".join(f"p{n}@example.test;employee\n" for n in range(3))
    lines = read(benoit, lemaire, text + "p0@example.test;reader\ninfo@boulangerie-lemaire.example.net;employee\n")
    before = len(sent(benoit))
    checked = invitation_batch.check(benoit, lemaire, lines)
    codes = [result.refused and result.refused.code for result in checked]
    assert codes == [None, "seat_limit_reached", "seat_limit_reached", "already_invited", "already_member"]
    assert (len(sent(benoit)), seats.used(benoit, lemaire, "invoicing")) == (before, 1)

    refused = invitation_batch.send(benoit, lemaire, lines, whole=True)
    assert [result.refused and result.refused.code for result in refused] == codes
    assert (len(sent(benoit)), seats.used(benoit, lemaire, "invoicing")) == (before, 1)

    invitation_batch.send(benoit, lemaire, lines)
    assert [mail["recipient"] for mail in sent(benoit)[before:]] == ["p0@example.test"]
    assert seats.used(benoit, lemaire, "invoicing") == 2


def test_bought_seats_are_confirmed_and_told_once(lumen, amelie):
    lines = read(amelie, lumen, "e-mail;accounting\n" + "".join(f"p{n}@example.test;reader\n" for n in range(3)))
    assert {result.refused.code for result in invitation_batch.check(amelie, lumen, lines)} == {"confirm_extra_cost"}
    results = invitation_batch.send(amelie, lumen, lines, extra_cost=True)
    assert [result.bought for result in results] == [("accounting",)] * 3
    told = sent(amelie, "seat_bought")
    assert [mail["variables"]["lines"] for mail in told] == [
        [{"product": "Comptabilité", "bought": 3, "used": 8, "extra": 3}]
    ] * 2
    standing = seats.count(amelie, lumen, "accounting")
    assert (standing.used, standing.of) == (8, 8)


def test_a_list_that_is_sent_twice_sends_once(lumen, amelie):
    lines = read(amelie, lumen, FRENCH)
    before = len(sent(amelie))
    for _ in range(2):
        assert [result.refused for result in invitation_batch.send(amelie, lumen, lines)] == [None, None]
    assert len(sent(amelie)) == before + 2


def test_an_open_invitation_is_renewed_by_a_list(lumen, amelie):
    offer(amelie, lumen, roles={"capture": "capture.reader"})
    results = invitation_batch.check(amelie, lumen, read(amelie, lumen, FRENCH))
    assert [result.renews for result in results] == [True, False]


def test_a_role_of_the_companys_own_is_found_by_its_name(lumen, amelie):
    own = role.find_custom(amelie, lumen, "accounting", "direction")
    [line] = read(amelie, lumen, "e-mail;Comptabilite\nzoe@example.test;lecture DIRECTION\n")
    assert line.draft.roles == {"accounting": Wish(custom_role_id=own.id)}


def test_only_who_may_invite_does(demo, lumen):
    hugo = demo.acting("hugo.perrin")
    for act in (invitation_batch.check, invitation_batch.send):
        with pytest.raises(NotPermitted):
            act(hugo, lumen, [])


@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_spreadsheet_executes_what_we_write(language):
    cells = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1+1", "\r=1", " =1", "|x", "%x", "Zoé; <b>", 'a"b', "x\u202ey", "ok"]
    written = invitation_file.write([cells], language)
    text = written.decode("utf-8-sig")
    [back] = csv.reader(io.StringIO(text, newline=""), delimiter=";" if language == "fr" else ",")
    assert not [cell for cell in back if cell.lstrip()[:1] in ("=", "+", "-", "@", "|", "%", "\t", "\r")]
    assert back[-1] == "ok"
    assert back[9] == "Zoé; <b>"
