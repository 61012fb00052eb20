"""`idp companies`: an order from the command line to the mailbox of its owner to be."""

from sqlalchemy import Engine, select

from idp.outbox.models import LocalMail
from tests.cli.conftest import Idp

ORDER = ("create", "fleurs-du-quai", "--name", "Fleurs du Quai", "--owner", "rose@fleurs.example", "--plan", "team")


def test_an_order_is_taken_in_and_its_owner_written_to(idp: Idp, engine: Engine) -> None:
    made = idp("companies", *ORDER, "--product", "accounting", "--product", "payroll:trial", "--json").json
    assert (made["plan"], made["seats"], made["owner"]) == ("team", 5, None)
    assert made["products"] == {"accounting": "active", "payroll": "trial"}
    assert made["waits_for"] == "rose@fleurs.example"
    assert idp("companies", "show", "fleurs-du-quai", "--json").json == made
    assert [row["reference"] for row in idp("companies", "list", "--search", "QUAI", "--json").json] == [
        "fleurs-du-quai"
    ]

    assert idp("companies", "invite-owner", "fleurs-du-quai").code == 0
    idp("outbox", "run", "--once")
    with engine.connect() as connection:
        sent = connection.execute(select(LocalMail.recipient, LocalMail.text_body)).all()
    assert [recipient for recipient, _ in sent] == ["rose@fleurs.example"] * 2
    assert all("http://localhost:8000/get-started/" in text for _, text in sent)

    handed = idp("companies", "hand-over", "fleurs-du-quai", "--json").json
    assert handed["url"].startswith("http://localhost:8000/get-started/")
    assert handed["minutes"] == 30


def test_what_is_wrong_is_named(idp: Idp) -> None:
    assert idp("companies", *ORDER[:-1], "nothing", "--json").problem["field"] == "plan"
    assert idp("companies", *ORDER, "--product", "practice").code == 1
    assert idp("companies", *ORDER, "--seats", "3", "--json").problem["field"] == "seats"
    assert idp("companies", "list", "--json").json == []
    assert idp("companies", "show", "nobody").code == 1
    assert idp("companies", *ORDER).code == 0
    assert idp("companies", *ORDER, "--json").problem == {
        "error": "conflict", "message": "This cannot be done as things stand.", "field": "reference",
    }  # fmt: skip


def test_a_company_is_suspended_and_reopened(idp: Idp) -> None:
    idp("companies", *ORDER)
    done = idp("companies", "suspend", "fleurs-du-quai", "--reason", "A forged order", "--json").json
    assert done == {"reference": "fleurs-du-quai", "standing": "suspended"}
    assert idp("companies", "suspend", "fleurs-du-quai", "--reason", "Again").code == 1
    assert idp("companies", "reopen", "fleurs-du-quai", "--json").json["standing"] == "open"
    assert idp("companies", "reopen", "fleurs-du-quai").code == 1
    assert idp("companies", "suspend", "nothing", "--reason", "x").code == 1
    assert idp("companies", "suspend", "fleurs-du-quai").code == 2  # a reason is needed


def test_which_applications_are_activated_is_noted_in_place_of_the_product(idp: Idp) -> None:
    idp("companies", *ORDER, "--product", "invoicing")
    question = ("companies", "modules", "fleurs-du-quai", "invoicing")
    every = idp(*question, "--json").json
    assert every["off"] == []
    changed = idp(*question, "--off", "stock", "--off", "tasks", "--json").json
    assert (changed["off"], set(every["on"]) - set(changed["on"])) == (["stock", "tasks"], {"stock", "tasks"})
    assert idp(*question, "--on", "stock", "--json").json["off"] == ["tasks"]
    assert idp(*question, "--json").json["off"] == ["tasks"]
    assert idp(*question, "--on", "customers", "--json").problem["field"] == "on"
    assert idp("companies", "modules", "fleurs-du-quai", "payroll").code == 1
