"""A dial list from a real queue, worked off by the simulated dialer, while things happen between list and dial."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from deploy.local.simulators.dialer import Dialer
from services.contact.api.dial_lists import _lines
from services.contact.gateways.compliance import Compliance
from services.contact.gateways.owners import Queues
from services.contact.handlers.build_dial_list import BUILD, DialListBuilder
from shared.clock import SystemClock
from shared.http.client import ServiceClient, ServiceTokens
from shared.jobs import JobRunner
from tests.integration.contact.house import NOON, House, fresh

LONG = 100_000
MEMORY = 12_000_000
"""Bytes at the peak of streaming a long list; all of its lines together are three times as much."""
PEOPLE = [f"P{number}" for number in range(12)]
_COLUMNS = (
    *("core_account_number", "product_class", "currency", "balance_minor", "principal_minor", "interest_minor"),
    *("fees_minor", "past_due_minor", "oldest_unpaid_due_on", "installment_minor", "frequency", "next_due_on"),
    *("opened_on", "credit_limit_minor", "party_number", "party_kind", "given_name", "family_name", "language"),
    *("street", "city", "region", "postal_code", "phone", "email"),
)


@pytest_asyncio.fixture
async def house(services: House) -> AsyncIterator[House]:
    async with fresh(services) as made:
        await book(made)
        yield made


async def book(house: House) -> None:
    """The core's extract: twelve accounts, ten days past due, each in the queue of early stages."""
    shared = {
        "product_class": "closed_end_loan", "currency": "USD", "balance_minor": "100000", "past_due_minor": "12550",
        "oldest_unpaid_due_on": "2026-02-28", "installment_minor": "12550", "frequency": "monthly",
        "party_kind": "natural_person", "given_name": "Pat", "family_name": "Doe", "language": "en",
        "street": "1 Main St", "city": "Albany", "region": "NY", "postal_code": "12207",
    }  # fmt: skip
    rows = [
        shared | {"core_account_number": number, "party_number": number, "phone": house.number(number)}
        for number in PEOPLE
    ]
    lines = [",".join(row.get(column, "") for column in _COLUMNS) for row in rows]
    async with httpx.AsyncClient(base_url=house.accounts.url, timeout=60) as http:
        facts = {"name": "Harbor", "kind": house.kind, "currency": "USD", "time_zone": "America/New_York"}
        made = await http.put(f"/v1/creditors/{house.creditor}", json=facts, headers=house.token("admin"))
        assert made.status_code in (200, 201), made.text
        answer = await http.post(
            "/v1/imports/account-snapshots",
            params={"creditor_id": str(house.creditor), "business_date": "2026-03-10"},
            content="\n".join([",".join(_COLUMNS), *lines, ""]),
            headers=house.token("integrator") | {"Content-Type": "text/csv"},
        )
    assert answer.json().get("opened") == len(PEOPLE), answer.text
    await house.carry_accounts()


async def dialer_of(house: House) -> Dialer:
    http = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=house.app),
        base_url="http://contact",
        headers=house.token("integrator", creditors=[house.creditor]),
        timeout=60,
    )
    return Dialer(http, lines=4)


async def listed(house: House, dialer: Dialer, queue: str = "early_stage") -> str:
    """A list that the worker has built."""
    dial_list_id = await dialer.make_list(queue, 100)
    assert await built(house, dial_list_id) == "done"
    await dialer.until_ready(dial_list_id)
    return dial_list_id


async def built(house: House, dial_list_id: str, *watching: Callable[[httpx.Request], Awaitable[None]]) -> str:
    """Run the job of a list as the worker does; return how it ended. `watching` sees each call to another service."""
    tokens = ServiceTokens(
        house.settings.token_url, house.settings.client_id, house.settings.client_secret, SystemClock()
    )
    async with (
        ServiceClient(house.settings.accounts_url, tokens=tokens, timeout_s=20) as accounts,
        ServiceClient(house.settings.compliance_url, tokens=tokens, timeout_s=20) as compliance,
    ):
        for client in (accounts, compliance):
            client._http.event_hooks = {"request": list(watching)}
        transactions = house.app.state.desk.permits._transactions
        judge = Compliance(compliance, house.clock, timedelta(seconds=house.settings.jwt_leeway_s))
        build = DialListBuilder(Queues(accounts), judge, transactions, house.clock).chunk
        [job] = await house.rows(
            f"SELECT job_id FROM job WHERE kind = '{BUILD}' AND params->>'dial_list_id' = '{dial_list_id}'"
        )
        done = await JobRunner(house.engine, house.clock, {BUILD: build}).run_job(job["job_id"])
    return done.status


async def records(house: House, dial_list_id: str) -> list[dict[str, Any]]:
    answer = await house.rows(f"SELECT * FROM dial_record WHERE dial_list_id = '{dial_list_id}' ORDER BY position")
    return list(answer)


async def test_a_list_is_worked_off_under_permits_and_its_results_are_kept_once(house: House) -> None:
    dialer = await dialer_of(house)
    dial_list_id = await listed(house, dialer)
    report = await dialer.work_off(dial_list_id)
    assert (report.listed, report.released) == (len(PEOPLE), len(PEOPLE))
    assert report.told == {"taken": len(PEOPLE)}
    rows = await records(house, dial_list_id)
    assert {row["status"] for row in rows} == {"done"}
    again = [{"record_id": str(row["record_id"]), "result_code": row["result_code"]} for row in rows]
    answer = await house.post(f"/v1/dial-lists/{dial_list_id}/results", {"results": again}, role="integrator")
    assert {one["told"] for one in answer.json()["results"]} == {"already"}
    again[0]["result_code"] = "busy" if again[0]["result_code"] != "busy" else "no_answer"
    answer = await house.post(f"/v1/dial-lists/{dial_list_id}/results", {"results": again[:1]}, role="integrator")
    assert answer.json()["results"][0]["told"] == "conflict"
    events = await house.carry()
    assert sum(topic == "contact.attempted" and body["is_dialer"] for topic, body in events) == len(PEOPLE)
    assert sum(topic == "contact.completed" for topic, _ in events) == len(PEOPLE)


@pytest.mark.parametrize("trait", ["automated", "prerecorded"])
async def test_a_call_by_a_machine_needs_consent_to_it_on_a_list_and_at_the_dial(house: House, trait: str) -> None:
    """47 USC 227(b)(1)(A)."""
    agreed, *others = PEOPLE
    await house.consent(agreed, "phone", house.phone(agreed), "automated")
    for number in others:
        blocked = await house.call(number, traits=[trait])
        assert (blocked.status_code, blocked.json()["code"]) == (403, "contact-blocked")
        assert "tcpa.automated" in {rule["id"] for rule in blocked.json()["rules"]}
    made = await house.post(
        "/v1/dial-lists", {"queue": "early_stage", "size": 100, "traits": [trait]}, role="integrator"
    )
    assert made.json()["traits"] == [trait]
    dial_list_id = made.json()["dial_list_id"]
    assert await built(house, dial_list_id) == "done"
    rows = {row["account_id"]: row for row in await records(house, dial_list_id)}
    assert {number for number in PEOPLE if rows[house.account(number)]["status"] == "listed"} == {agreed}
    record_id = rows[house.account(agreed)]["record_id"]
    # The consent is taken back between the list and the dial.
    async with httpx.AsyncClient(base_url=house.compliance.url) as http:
        body = {
            "party_id": str(house.party(agreed)), "channel": "phone", "purpose": "automated", "evidence": "Said so",
        }  # fmt: skip
        refused = await http.post("/v1/consents/revocations", json=body, headers=house.token("compliance_officer"))
        assert refused.status_code == 201, refused.text
    answer = await house.post(f"/v1/dial-lists/{dial_list_id}/records/{record_id}/check", role="integrator")
    assert "tcpa.automated" in {rule["id"] for rule in answer.json()["rules"]}


async def test_a_batch_that_is_sent_again_while_the_first_still_runs_is_told_the_same(house: House) -> None:
    dial_list_id = await listed(house, await dialer_of(house))
    path = f"/v1/dial-lists/{dial_list_id}"
    ids = [str(row["record_id"]) for row in await records(house, dial_list_id)]
    for record_id in ids:
        released = await house.post(f"{path}/records/{record_id}/check", role="integrator")
        assert released.status_code == 201, released.text
    batch = {"results": [{"record_id": record_id, "result_code": "no_answer"} for record_id in ids]}
    answers = await asyncio.gather(*(house.post(f"{path}/results", batch, role="integrator") for _ in range(4)))
    told = zip(*([one["told"] for one in answer.json()["results"]] for answer in answers), strict=True)
    assert [sorted(words) for words in told] == [["already", "already", "already", "taken"]] * len(ids)


async def test_who_made_a_list_and_who_looks_after_it_read_it_and_only_a_dialer_works_it_off(house: House) -> None:
    dial_list_id = await listed(house, await dialer_of(house))
    path = f"/v1/dial-lists/{dial_list_id}"
    for role in ("supervisor", "collector", "compliance_officer", "auditor", "integrator"):
        token = house.token(role, creditors=[house.creditor])
        assert (await house.http.get(path, headers=token)).json()["status"] == "ready", role
        stream = await house.http.get(f"{path}/records", headers=token)
        assert len(stream.text.splitlines()) == len(PEOPLE), role
        assert "+1212" not in stream.text
    assert (await house.http.get(path, headers=house.token("admin"))).status_code == 403
    [first, *_] = await records(house, dial_list_id)
    for role in ("supervisor", "auditor"):
        check = await house.post(f"{path}/records/{first['record_id']}/check", role=role)
        results = {"results": [{"record_id": str(first["record_id"]), "result_code": "no_answer"}]}
        assert [check.status_code, (await house.post(f"{path}/results", results, role=role)).status_code] == [403, 403]


async def test_a_cease_a_payment_a_wrong_number_and_a_silent_compliance_between_list_and_dial_stop_the_call(
    house: House,
) -> None:
    dialer = await dialer_of(house)
    dial_list_id = await listed(house, dialer)
    rows = {row["account_id"]: row for row in await records(house, dial_list_id)}
    async with httpx.AsyncClient(base_url=house.compliance.url) as http:
        placed = await http.post(
            "/v1/restrictions",
            json={"kind": "cease", "party_id": str(house.party("P0")), "evidence": "A letter"},
            headers=house.token("compliance_officer") | {"Idempotency-Key": dial_list_id},
        )
        assert placed.status_code == 201, placed.text
    paid = house.account_message("P1", version=10**9, past_due_minor=0, days_past_due=0)
    await house.feed(paid)
    wrong = await house.post(f"/v1/contact-points/{house.phone('P2')}/invalidate", {"reason": "wrong_number"})
    assert wrong.status_code == 200, wrong.text

    async def check(number: str) -> httpx.Response:
        record_id = rows[house.account(number)]["record_id"]
        return await house.post(f"/v1/dial-lists/{dial_list_id}/records/{record_id}/check", role="integrator")

    said = {number: (await check(number)).json() for number in ("P0", "P1", "P2")}
    assert {number: body["code"] for number, body in said.items()} == dict.fromkeys(said, "contact-blocked")
    assert "cease" in said["P0"]["rules"][0]["id"]
    assert said["P1"]["rules"][0]["id"] == "contact.nothing_past_due"
    assert said["P2"]["rules"][0]["id"] == "contact.invalid_point"
    await house.compliance.kill()
    silent = await check("P3")
    assert (silent.status_code, silent.json()["code"]) == (503, "compliance-unavailable")
    await house.compliance.start()
    released = await check("P3")
    assert released.status_code == 201, released.text
    assert released.json()["contact_value"] == house.number("P3")
    twice = await check("P3")
    assert twice.json()["code"] == "dial-record-used"


async def test_who_may_not_be_called_is_not_listed_and_no_number_is_in_the_list(house: House) -> None:
    attempt_id = await house.placed("P4")
    await house.post(
        f"/v1/contact-attempts/{attempt_id}/verification",
        {"family_name": "Doe", "postal_code": "12207"},
    )
    done = await house.outcome(
        attempt_id,
        "rpc_refused",
        debts_discussed=[str(house.account("P4"))],
        next_step={"kind": "refusal", "reason": "no_money"},
    )
    assert done.status_code == 200, done.text
    await house.carry()
    dialer = await dialer_of(house)
    dial_list_id = await listed(house, dialer)
    assert (dialer.report.listed, dialer.report.excluded) == (len(PEOPLE) - 1, 1)
    stream = await house.http.get(f"/v1/dial-lists/{dial_list_id}/records", headers=house.token("integrator"))
    assert stream.headers["content-type"].startswith("application/x-ndjson")
    assert len(stream.text.splitlines()) == len(PEOPLE) - 1
    assert "+1212" not in stream.text
    stranger = house.token("integrator", creditors=[UUID(int=7)])
    assert (await house.http.get(f"/v1/dial-lists/{dial_list_id}/records", headers=stranger)).status_code == 404
    assert house.clock.now() == NOON


async def test_a_list_from_a_queue_that_is_not_there_fails_with_its_reason(house: House) -> None:
    dialer = await dialer_of(house)
    with pytest.raises(RuntimeError, match="queue-unknown"):
        await listed(house, dialer, queue="no_such_queue")


async def test_no_transaction_is_open_while_other_services_are_asked(house: House) -> None:
    dial_list_id = await (await dialer_of(house)).make_list("early_stage", 100)
    held: list[int] = []

    async def look(_request: httpx.Request) -> None:
        held.append(house.engine.pool.checkedout())  # type: ignore[attr-defined]

    assert await built(house, dial_list_id, look) == "done"
    # A token, a page of the queue, the decisions on it: each was asked for, none with a connection in hand.
    assert len(held) >= 2
    assert set(held) == {0}


async def test_a_list_of_a_hundred_thousand_is_streamed_in_little_memory(house: House) -> None:
    made = await house.post("/v1/dial-lists", {"queue": "early_stage", "size": LONG}, role="integrator")
    dial_list_id = made.json()["dial_list_id"]
    await house.write(
        f"""INSERT INTO dial_record (record_id, dial_list_id, position, account_id, creditor_id, party_id,
              contact_point_id, status)
            SELECT gen_random_uuid(), '{dial_list_id}', n, gen_random_uuid(), '{house.creditor}', gen_random_uuid(),
              gen_random_uuid(), 'listed' FROM generate_series(1, {LONG}) AS n"""
    )
    lines = 0
    tracemalloc.start()
    try:
        async for part in _lines(house.app.state.edge, UUID(dial_list_id)):
            lines += part.count(b"\n")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert lines == LONG
    assert peak < MEMORY, f"{peak / 1e6:.1f} MB"
