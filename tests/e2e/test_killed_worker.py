"""Workers are killed in the middle of their work: others are started, nothing is lost and nothing done twice."""

import os
import signal

import pytest

from tests.e2e.bank import LOAN, Bank, eventually

NUMBERS = [f"L-{n}" for n in range(10)]
EACH = 30
PATIENCE_S = 90.0
"""A broker waits for a dead member of a group before it gives the partitions to another."""


@pytest.mark.parametrize("service", ["payments", "accounts"])
async def test_a_worker_that_is_killed_between_loses_nothing_and_does_nothing_twice(bank: Bank, service: str) -> None:
    await bank.import_close("2026-01-31", *(LOAN | {"core_account_number": number} for number in NUMBERS))
    halves = [
        [bank.payment(number, 100 + n, "2026-02-01", f"{number}/{n}") for n in nths for number in NUMBERS]
        for nths in (range(EACH // 2), range(EACH // 2, EACH))
    ]
    await bank.publish_payments(*halves[0])
    await eventually(lambda: bank.payments_of("L-0"), bool)
    killed = bank.operator.pid(service, "worker")
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    await bank.publish_payments(*halves[1])

    expected = 500_000 - sum(100 + n for n in range(EACH))
    for number in NUMBERS:
        await bank.account_where(number, seconds=PATIENCE_S, balance_minor=expected)
        found = await bank.payments_of(number)
        assert sorted(each["source_ref"] for each in found) == sorted(f"{number}/{n}" for n in range(EACH))
        assert {each["status"] for each in found} == {"posted"}
    assert bank.operator.pid(service, "worker") not in (None, killed)
