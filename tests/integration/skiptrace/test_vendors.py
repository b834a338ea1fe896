"""Vendors are data: prices, purposes, budgets and layouts; the waterfall goes by them, and no secret is among them."""

import json
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from deploy.local.issuer import Issuer
from deploy.local.simulators.person_search import Faults
from services.skiptrace.domain.breaker import FAILURES_TO_OPEN
from services.skiptrace.domain.mapping import Subject, layout_from
from services.skiptrace.gateways.person_search import PersonSearch, VendorError
from services.skiptrace.settings import VendorEndpoint
from tests.conftest import GetEngine
from tests.integration.skiptrace.trace_desk import PERSON, Desk, open_desk

OTHER_LAYOUT = layout_from(
    {
        "path": "/suche", "reference": "/Kopf/Ref", "purpose": "/Kopf/Zweck",
        "purposes": {"fcra_collection": "3A"}, "subject": {"family_name": "/Wer/Name", "date_of_birth": "/Wer/Geb"},
        "constants": {"/Kopf/Version": 2}, "persons": "/Antwort/Treffer", "matched_on": "/Match",
        "matches": {"DOB": "date_of_birth"}, "transaction": "/Antwort/Nr", "date_format": "%d/%m/%Y",
        "points": {
            "phone": {
                "each": "/Tel", "value": "/No", "label": "/Typ", "labels": {"C": "mobile"}, "last_seen": "/Bis",
            },
            "address": {"each": "/Adr", "parts": {"street": "/Zeile", "city": "/Ort", "postal_code": "/PLZ"}},
        },
    }
)  # fmt: skip


@pytest_asyncio.fixture
async def desk(service_engine: GetEngine, issuer: Issuer, tmp_path: Path) -> AsyncIterator[Desk]:
    engine = await service_engine("skiptrace")
    async with open_desk(engine, issuer, tmp_path) as made:
        async with engine.begin() as connection:
            await connection.exec_driver_sql("DELETE FROM vendor WHERE code <> 'person_search'")
        opened = await made.open("L-1", "L-2", "L-3")
        yield opened
        async with engine.begin() as connection:
            await connection.exec_driver_sql("DELETE FROM vendor WHERE code <> 'person_search'")


async def _first(desk: Desk) -> dict[str, Any]:
    vendor: dict[str, Any] = (await desk.get("/v1/vendors/person_search")).json()
    return vendor


async def _put(desk: Desk, code: str, **facts: Any) -> dict[str, Any]:
    shown = {"code", "is_reachable", "searches", "hits", "month_spent_minor", "breaker", "version"}
    body = {name: value for name, value in (await _first(desk)).items() if name not in shown} | facts
    answer = await desk.put(f"/v1/vendors/{code}", body)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_the_cheaper_way_to_a_hit_is_asked_first_and_the_next_after_no_hit(desk: Desk) -> None:
    await _put(desk, "cheap", cost_hit_minor=20, cost_no_hit_minor=0)
    desk.knows_nobody()
    made = await desk.request()
    await desk.search()
    searches = (await desk.get(f"/v1/skip-traces/{made['skip_trace_id']}/searches")).json()["items"]
    assert [(one["vendor"], one["outcome"], one["cost_minor"]) for one in searches] == [
        ("cheap", "no_hit", 20),  # the vendor found the person, but nothing that was not known
        ("person_search", "no_hit", 75),
    ]
    [case] = await desk.traces()
    assert (case["status"], case["reason"]) == ("exhausted", "no_candidate_left")


async def test_a_budget_is_never_passed(desk: Desk) -> None:
    await _put(desk, "dear", cost_hit_minor=460, cost_no_hit_minor=460)
    desk.knows_nobody()
    made = await desk.request(budget_minor=500)
    await desk.search()
    assert [
        one["vendor"] for one in (await desk.get(f"/v1/skip-traces/{made['skip_trace_id']}/searches")).json()["items"]
    ] == ["person_search"]
    [case] = await desk.traces()
    assert (case["status"], case["reason"], case["spent_minor"]) == ("exhausted", "budget_spent", 75)


async def test_a_vendor_that_may_not_serve_the_purpose_is_not_asked(desk: Desk) -> None:
    await _put(desk, "vehicles", cost_hit_minor=1, cost_no_hit_minor=0, purposes=["dppa_debt_recovery"])
    desk.knows()
    made = await desk.request()
    await desk.search()
    searches = (await desk.get(f"/v1/skip-traces/{made['skip_trace_id']}/searches")).json()["items"]
    assert {one["vendor"] for one in searches} == {"person_search"}


async def test_a_vendors_month_is_a_budget_of_its_own_and_its_ledger_adds_up(desk: Desk) -> None:
    await _put(desk, "monthly", cost_hit_minor=30, cost_no_hit_minor=30, month_budget_minor=70)
    for number in ("L-1", "L-2", "L-3"):
        desk.knows_nobody(number)
        await desk.request(number)
    await desk.search()
    asked = await desk.query("SELECT count(*) FROM search WHERE vendor = 'monthly' AND creditor_id = :creditor")
    assert asked[0][0] == 2
    lines = (await desk.get("/v1/vendors/monthly/costs", limit=200)).json()["items"]
    assert sum(line["amount_minor"] for line in lines) == 60
    shown = (await desk.get("/v1/vendors/monthly")).json()
    assert (shown["month_spent_minor"], shown["searches"], shown["hits"]) == (60, 2, 0)


async def test_a_vendor_that_cannot_be_connected_to_has_billed_nothing() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        with ExitStack() as waiting:
            # Nobody accepts: when the backlog is full, the kernel lets a further connection wait without an answer.
            for _ in range(8):
                one = waiting.enter_context(socket.socket())
                one.settimeout(0)
                one.connect_ex(full.getsockname())
            endpoint = VendorEndpoint(
                url=f"http://127.0.0.1:{full.getsockname()[1]}", username="u", password=SecretStr("p")
            )
            async with PersonSearch({"full": endpoint}, timeout_s=0.5, first_wait_s=0) as vendors:
                with pytest.raises(VendorError) as failure:
                    await vendors.search(
                        "full", OTHER_LAYOUT, Subject("Alex", "Example", None), "fcra_collection", "ref-1"
                    )
    assert (failure.value.code, failure.value.may_be_billed) == ("not-reached", False)


async def test_a_number_that_an_answer_lists_twice_counts_by_all_that_is_said_of_it(desk: Desk) -> None:
    old = {"number": "(217) 555-0188", "line_type": "mobile", "first_seen": "2010-01-01", "last_seen": "2014-12-31"}
    young = old | {"first_seen": "2025-06-01", "last_seen": "2026-02-20"}
    scores = []
    for number, phones in (("L-1", [young]), ("L-2", [old, young]), ("L-3", [young, old])):
        desk.knows(number, PERSON | {"phones": phones, "addresses": [], "emails": []})
        made = await desk.request(number)
        await desk.search()
        [found] = await desk.candidates(made["skip_trace_id"])
        seen = found["sources"][0]
        assert seen["last_seen_on"] == "2026-02-20"
        assert seen["first_seen_on"] == phones[0 if number != "L-3" else 1]["first_seen"]
        scores.append(found["confidence"])
    assert scores[1] == scores[2] >= scores[0]


async def test_a_vendor_that_fails_again_and_again_is_left_alone_for_a_while(desk: Desk) -> None:
    desk.vendor.faults = Faults(count=100_000)
    numbers = [f"B-{number}" for number in range(FAILURES_TO_OPEN + 2)]
    await desk.open(*numbers)
    for number in numbers[:FAILURES_TO_OPEN]:
        await desk.request(number)
    await desk.search()
    breaker = (await _first(desk))["breaker"]
    assert (breaker["state"], breaker["failures"]) == ("open", FAILURES_TO_OPEN)
    requests = desk.vendor.ledger.requests
    await desk.request(numbers[-1])
    assert await desk.search() == 0
    assert desk.vendor.ledger.requests == requests
    desk.vendor.faults = Faults()
    desk.clock.ahead = timedelta(minutes=1)
    assert await desk.search() >= 1
    assert (await _first(desk))["breaker"]["state"] == "closed"


async def test_an_answer_that_no_table_takes_fails_and_the_case_goes_on(desk: Desk) -> None:
    desk.knows(person={"addresses": [{"street": "12 Example Avenue", "city": "Spring\x00field", "region": "IL"}]})
    made = await desk.request()
    assert await desk.search() == 1
    [search] = (await desk.get(f"/v1/skip-traces/{made['skip_trace_id']}/searches")).json()["items"]
    assert (search["status"], search["failure"]) == ("failed", "answer-unreadable")


async def test_only_an_administrator_changes_a_vendor_and_over_the_version_that_was_read(desk: Desk) -> None:
    first = await _put(desk, "odd")
    shown = {"code", "is_reachable", "searches", "hits", "month_spent_minor", "breaker", "version"}
    body = {name: value for name, value in first.items() if name not in shown}
    assert (await desk.put("/v1/vendors/odd", body, role="collector")).status_code == 403
    again = await desk.put("/v1/vendors/odd", body)
    assert again.json()["version"] == first["version"]
    changed = body | {"cost_hit_minor": 1}
    assert (await desk.put("/v1/vendors/odd", changed, **{"If-Match": '"7"'})).status_code == 412
    assert (await desk.put("/v1/vendors/odd", changed, **{"If-Match": '"1"'})).json()["version"] == 2
    broken = body | {"layout": body["layout"] | {"points": {"address": {"each": "/a", "parts": {"city": "/c"}}}}}
    assert (await desk.put("/v1/vendors/odd", broken)).json()["code"] == "vendor-layout-invalid"
    nested = body | {"layout": body["layout"] | {"reference": "/r", "purpose": "/r/x"}}
    assert (await desk.put("/v1/vendors/odd", nested)).json()["code"] == "vendor-layout-invalid"
    for unreadable in ("%Y-%m-%d %Y", "%d"):
        twice = body | {"layout": body["layout"] | {"date_format": unreadable}}
        assert (await desk.put("/v1/vendors/odd", twice)).json()["code"] == "vendor-layout-invalid"
    assert "password" not in json.dumps((await desk.get("/v1/vendors")).json())


async def test_a_vendor_that_lays_things_out_differently_needs_another_layout_and_no_other_code() -> None:
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            person = {
                "Match": ["SSN", "DOB"],
                "Tel": [{"No": "312.555.0142", "Typ": "C", "Bis": "31/12/2025"}],
                "Adr": [{"Zeile": "5 Lake Street", "Ort": "Chicago", "PLZ": "60601"}],
            }
            body = json.dumps({"Antwort": {"Treffer": [person], "Nr": 77}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        endpoint = VendorEndpoint(url=f"http://127.0.0.1:{server.server_port}", username="u", password=SecretStr("p"))
        subject = Subject("Alex", "Example", None)
        async with PersonSearch({"other": endpoint}, timeout_s=5) as vendors:
            said = await vendors.search("other", OTHER_LAYOUT, subject, "fcra_collection", "ref-1")
    finally:
        server.shutdown()
        server.server_close()
    assert asked == [{"Kopf": {"Version": 2, "Ref": "ref-1", "Zweck": "3A"}, "Wer": {"Name": "Example"}}]
    assert (said.is_billed_as_hit, said.transaction_ref) == (True, "77")
    assert [(one.kind, one.value, one.label) for one in said.points] == [
        ("phone", "+13125550142", "mobile"),
        ("address", "5 lake street, chicago, 60601", "other"),
    ]
    assert said.points[0].matched_on == {"date_of_birth"}
