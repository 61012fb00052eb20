"""The clients of a firm over HTTP: in groups, many at once, and what a colleague may do at one of them."""

import re
from uuid import uuid4

from idp.companies import client_group
from tests.stage import Stage, demonstration, own_stage, scalar, stage  # noqa: F401
from tests.web.test_firm_pages import FIRM, as_, listed, path


def test_clients_are_sorted_into_groups(own_stage: Stage) -> None:  # noqa: F811
    karim, lumen = as_(own_stage, "karim.benali"), own_stage.company("atelier-lumen")
    karim.get(path(own_stage, "groups"))
    karim.submit({"name": "TVA <trimestrielle>"})
    assert karim.heading == "Group TVA &lt;trimestrielle&gt;" or "TVA" in karim.heading
    group = karim.address.rpartition("/")[2]
    karim.get(path(own_stage, "groups", group))
    shown = re.findall(r'name="shown" value="([^"]+)"', karim.text)
    karim.submit({"shown": shown, "picked": [str(lumen)]})  # type: ignore[dict-item]
    assert "The clients of the group are saved" in karim.text
    karim.get(f"{path(own_stage, 'clients')}?group={group}")
    assert listed(karim) == ["Atelier Lumen SARL"]
    karim.get(path(own_stage, "groups"))
    karim.submit({"name": "TVA <trimestrielle>"})
    assert (karim.status, "A group with this name exists already" in karim.text) == (422, True)
    karim.get(path(own_stage, "clients", lumen, "groups"))
    karim.submit({"groups": []})  # type: ignore[dict-item]
    with own_stage.work(write=False) as work:
        assert client_group.of_client(work, own_stage.company(FIRM), lumen) == set()
    karim.get(path(own_stage, "groups", group, "remove"))
    karim.submit()
    assert "The group is removed" in karim.text


def test_many_clients_are_given_at_once(own_stage: Stage) -> None:  # noqa: F811
    lotte = own_stage.person("lotte.peeters").id
    karim = as_(own_stage, "karim.benali")
    karim.get(f"{path(own_stage, 'colleagues', lotte, 'assign')}?product=accounting")
    assert "3 clients use Accounting under a mandate" in karim.text
    assert "Every client of the firm" not in karim.text  # her role reaches only clients by name
    karim.submit({"where": "found", "role": "role:accounting.reader"})
    assert karim.heading == "What changes for Lotte Peeters in Accounting"
    for said in ("3 clients", "no role", "Atelier Lumen SARL", "Added:"):
        assert said in karim.text, said
    karim.submit({"act": "back"})
    assert 'value="found" checked' in karim.text
    karim.submit({"role": "role:accounting.reader"})
    karim.submit({"act": "save"})
    assert karim.heading == "Lotte Peeters: 3 clients given"
    karim.get(f"{path(own_stage, 'colleagues', lotte, 'assign')}?product=accounting")
    chosen = [str(own_stage.company("atelier-lumen"))]
    karim.submit({"where": "picked", "picked": chosen, "role": "role:accounting.accountant"})  # type: ignore[dict-item]
    assert "has another role there, which stays" in karim.text
    assert ("act", "save") not in karim.form.buttons
    karim.submit({"act": "back"})
    assert f'value="{chosen[0]}" checked' in karim.text
    karim.submit({"role": "role:accounting.accountant", "replace": "yes"})
    assert "1 client" in karim.text
    assert re.search("Read only.*→.*External accountant", karim.text)
    karim.submit({"act": "save"})
    assert karim.heading == "Lotte Peeters: 1 client given"
    assert "role changed" in karim.text
    karim.get(f"{path(own_stage, 'colleagues', lotte, 'assign')}?product=accounting")
    karim.submit({"where": "picked", "role": "role:accounting.reader"})
    assert (karim.status, "Tick at least one client, and at most 500" in karim.text) == (422, True)
    karim.get(f"{path(own_stage, 'colleagues', lotte, 'assign')}?product=accounting")
    karim.submit({"where": "all", "role": "role:accounting.reader"})
    assert (karim.status, "reaches only clients that are given by name" in karim.text) == (422, True)


def test_a_firm_asks_what_its_colleague_may_do_at_a_client(stage: Stage) -> None:  # noqa: F811
    lumen, lotte = stage.company("atelier-lumen"), stage.person("lotte.peeters").id
    karim = as_(stage, "karim.benali")
    karim.get(path(stage, "clients", lumen))
    address = path(stage, "clients", lumen, "explain", lotte)
    assert f'href="{address}"' in karim.text
    karim.get(address)
    assert karim.heading == "What Lotte Peeters may do at Atelier Lumen SARL, and why"
    assert "practice" not in re.findall(r'<option value="(\w+)"', karim.text)
    karim.get(f"{address}?product=capture&permission=capture.purchases.edit")
    assert "Yes, Lotte Peeters may." in karim.text
    karim.get(f"{address}?product=capture&permission=capture.settings.edit")
    assert "No, Lotte Peeters may not." in karim.text
    assert "No mandate ever opens this." in karim.text or "The role does not include this." in karim.text
    for query in ("?product=practice", "?product=company", "?product=%00", "?product=capture&permission=%ED%A0%80"):
        assert karim.get(address + query).status_code == 200
        assert "practice." not in karim.text.partition("<main")[2].partition("<form")[2]
    ines, quais = stage.person("ines.moreau").id, stage.company("librairie-des-quais")
    for missing in (
        path(stage, "clients", lumen, "explain", ines),  # of the client, not of the firm
        path(stage, "clients", lumen, "explain", uuid4()),
        path(stage, "clients", uuid4(), "explain", lotte),
    ):
        assert karim.get(missing).status_code == 404, missing
    karim.get(f"{path(stage, 'clients', quais, 'explain', lotte)}?product=capture")  # whose mandate has ended
    assert "No mandate is running between the firm and the company." in karim.text
    assert as_(stage, "lotte.peeters").get(address).status_code == 403  # who gives nothing asks nothing
    assert as_(stage, "amelie.dubois").get(address).status_code == 404  # another company, of which the firm is none
