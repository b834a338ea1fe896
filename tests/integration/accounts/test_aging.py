"""Opening business dates: what changes by itself, what is refused, and a run that is killed and taken up again."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.accounts.handlers.run_aging import OpenBusinessDate, age_chunk, open_business_date
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.jobs import ChunkResult, Job, JobRunner, run_chunk
from tests.integration.accounts.desk import CLOCK, CURRENT_LOAN, DAY, LOAN, Desk


async def test_a_due_is_past_due_from_the_day_after(desk: Desk) -> None:
    await desk.take({**CURRENT_LOAN, "next_due_on": "2026-03-12"})
    run = (await desk.age(date(2026, 3, 12))).json()
    assert (run["scanned"], run["aged"]) == (1, 0)
    assert (await desk.account())["past_due_minor"] == 0
    run = (await desk.age(date(2026, 3, 13))).json()
    assert (run["aged"], run["cured"], run["queues_changed"]) == (1, 0, 1)
    account = await desk.account()
    assert (account["past_due_minor"], account["days_past_due"], account["queue"]) == (10_000, 1, "early_stage")


async def test_aging_equals_a_walk_day_by_day(desk: Desk) -> None:
    await desk.take(LOAN, {**CURRENT_LOAN, "core_account_number": "L2"})
    await desk.age(DAY + timedelta(days=100))
    jumped = [await desk.account("L1"), await desk.account("L2")]
    desk.creditor_id = desk.id_of("another book")
    await desk.open_creditor()
    await desk.take(LOAN, {**CURRENT_LOAN, "core_account_number": "L2"})
    for n in range(1, 101):
        assert (await desk.age(DAY + timedelta(days=n))).status_code == 200
    walked = [await desk.account("L1"), await desk.account("L2")]
    own = {"account_id", "creditor_id", "party_id", "version"}
    assert [{k: v for k, v in each.items() if k not in own} for each in walked] == [
        {k: v for k, v in each.items() if k not in own} for each in jumped
    ]


async def test_an_event_is_published_only_where_bucket_or_stage_changed(desk: Desk) -> None:
    await desk.take(LOAN)  # 37 days past due
    for n in range(1, 24):
        await desk.age(DAY + timedelta(days=n))
    aged = [payload for topic, payload, _ in await desk.events("account.aged", "account.updated")]
    assert [(each["bucket"], each["stage"], each["days_past_due"]) for each in aged] == [("b60_89", "late", 60)]
    assert aged[0]["past_due_by_bucket"] == {"b60_89": 10_000, "b30_59": 10_000, "b1_29": 10_000}


async def test_dates_in_the_past_and_the_future_are_refused_and_the_same_date_is_idempotent(desk: Desk) -> None:
    unset = await desk.age(DAY)
    assert (unset.status_code, unset.json()["code"]) == (409, "business-date-unset")
    await desk.take({**CURRENT_LOAN, "next_due_on": DAY.isoformat()})
    first = await desk.age(DAY + timedelta(days=1))
    events = await desk.events()
    again = await desk.age(DAY + timedelta(days=1))
    assert again.json() == first.json()
    assert again.json()["aged"] == 1
    assert await desk.events() == events
    past = await desk.age(DAY)
    assert (past.status_code, past.json()["code"]) == (422, "business-date-in-past")
    future = await desk.age(CLOCK.today("America/Denver") + timedelta(days=1))
    assert (future.status_code, future.json()["code"]) == (422, "business-date-in-future")


async def test_an_import_dated_after_the_business_date_takes_effect_at_once(desk: Desk) -> None:
    await desk.take(CURRENT_LOAN)
    ahead = DAY + timedelta(days=5)
    await desk.take({**LOAN, "past_due_minor": 10_000, "oldest_unpaid_due_on": "2026-03-12"}, day=ahead)
    account = await desk.account()
    assert (account["past_due_minor"], account["days_past_due"], account["bucket"]) == (10_000, 0, "current")
    await desk.age(date(2026, 3, 13))
    account = await desk.account()
    assert (account["days_past_due"], account["bucket"], account["queue"]) == (1, "b1_29", "early_stage")


async def test_a_run_that_was_killed_goes_on_where_it_stopped_and_counts_nothing_twice(desk: Desk) -> None:
    rows = [{**CURRENT_LOAN, "core_account_number": f"L{n}", "next_due_on": DAY.isoformat()} for n in range(7)]
    await desk.take(*rows)

    async def begin(tx: Tx) -> Job | Refusal:
        await lock(tx, exclusive_creditors=[desk.creditor_id])
        return await open_business_date(tx, OpenBusinessDate(desk.creditor_id, DAY + timedelta(days=1)))

    job = await run_chunk(desk.engine, CLOCK, begin)
    assert isinstance(job, Job)
    calls = 0

    class KilledError(BaseException):
        """Stands for the end of the process: nothing may catch it."""

    async def dies(tx: Tx, job: Job) -> ChunkResult:
        nonlocal calls
        calls += 1
        result = await age_chunk(tx, job, chunk=2)
        if calls == 3:
            raise KilledError
        return result

    with pytest.raises(KilledError):
        await JobRunner(desk.engine, CLOCK, {"aging": dies}).run_job(job.job_id)
    run = (await desk.age(DAY + timedelta(days=1))).json()
    assert (run["scanned"], run["aged"], run["queues_changed"]) == (7, 7, 7)
    assert len(await desk.events("account.aged")) == 7
    assert calls == 3


async def test_a_run_that_cannot_move_answers_try_again_and_is_ended_by_a_worker(desk: Desk) -> None:
    await desk.take({**CURRENT_LOAN, "next_due_on": DAY.isoformat()})
    settings, jobs = desk.app.state.settings, desk.app.state.jobs
    desk.app.state.settings = settings.model_copy(update={"aging_patience_s": 0})
    # No relay runs here, so the event of the import is still in the outbox: with this bound it is full.
    desk.app.state.jobs = JobRunner(desk.engine, CLOCK, {"aging": age_chunk}, max_outbox_rows=0)
    answer = await desk.age(DAY + timedelta(days=1))
    assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (503, "busy", "10")
    desk.app.state.settings, desk.app.state.jobs = settings, jobs
    await desk.run_jobs()
    run = (await desk.age(DAY + timedelta(days=1))).json()
    assert (run["scanned"], run["aged"]) == (1, 1)
    assert len(await desk.events("business_date.advanced")) == 2, "the import's and the run's, once"


async def test_accounts_are_listed_by_what_they_are_filtered_by(desk: Desk) -> None:
    await desk.take(LOAN, {**CURRENT_LOAN, "core_account_number": "L2", "product_class": "mortgage"})
    cases: list[tuple[dict[str, Any], set[str]]] = [
        ({}, {"L1", "L2"}),
        ({"bucket": "b30_59"}, {"L1"}),
        ({"stage": "current"}, {"L2"}),
        ({"queue": "mid"}, {"L1"}),
        ({"product_class": "mortgage"}, {"L2"}),
        ({"core_account_number": "L2"}, {"L2"}),
        ({"dpd_gte": 37}, {"L1"}),
        ({"dpd_gte": 38}, set()),
        ({"dpd_gte": 0, "dpd_lte": 0}, {"L2"}),
        ({"dpd_gte": 1, "dpd_lte": 37}, {"L1"}),
        ({"dpd_lte": 36}, {"L2"}),
    ]
    for query, expected in cases:
        answer = await desk.http.get(
            "/v1/accounts",
            params={"creditor_id": str(desk.creditor_id), **query},
            headers=desk.headers("collector", desk.creditor_id),
        )
        assert {each["core_account_number"] for each in answer.json()["items"]} == expected, query
    stranger = desk.headers("collector", desk.id_of("someone"))
    assert (await desk.http.get("/v1/accounts", headers=stranger)).json()["items"] == []
    answer = await desk.http.get(f"/v1/accounts/{desk.id_of('L1')}", headers=stranger)
    assert (answer.status_code, answer.json()["code"]) == (404, "account-unknown")


async def test_a_creditor_keeps_its_currency_while_it_has_accounts(desk: Desk) -> None:
    assert (await desk.open_creditor(currency="EUR")).json()["currency"] == "EUR"
    assert (await desk.open_creditor(currency="USD")).json()["currency"] == "USD"
    await desk.take(LOAN)
    assert (await desk.open_creditor(currency="EUR")).json()["code"] == "currency-change"
    for unknown in ("Mars/Olympus", "localtime", "right/America/New_York"):  # the last two: to one of the two libraries
        assert (await desk.open_creditor(time_zone=unknown)).json()["code"] == "time-zone-unknown"
    same = await desk.open_creditor()
    assert (await desk.open_creditor()).json() == same.json()
