"""The checker of the books against services that are broken on purpose: it must name what each fault did."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.bank import LOAN, Bank, open_bank
from tests.e2e.stack_operator import MONEY_SERVICES, Operator, running_stack

MUTATIONS = Path(__file__).parent / "mutations"
FORGOTTEN, TWICE = 7_777, 5_555
"""The amounts that the faults strike: see `mutations/sitecustomize.py`."""


@pytest.fixture
def broken_operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operator]:
    """A stack of its own, whose services drop marks of their inbox and apply reversals twice."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(MUTATIONS), os.environ.get("PYTHONPATH", "")]))
    with running_stack(tmp_path / "stack", MONEY_SERVICES) as operator:
        yield operator


async def test_a_dropped_mark_and_a_reversal_applied_twice_are_named_each(broken_operator: Operator) -> None:
    async with open_bank(broken_operator) as bank:
        await _live(bank, FORGOTTEN, balance=500_000)
        ((subject, *rest, _),) = _differences(bank)
        assert subject.startswith("event ")
        assert rest == ["inbox", "1 mark in accounts", "none", bank.account_id("L-1")]
    async with open_bank(broken_operator) as bank:
        await _live(bank, TWICE, balance=500_000 + TWICE)
        ((*found, where, facts),) = _differences(bank)
        assert (found[:3], where) == (["account L-1", "balance_minor", "500000"], bank.account_id("L-1"))
        assert f"{500_000 + TWICE} in accounts.account" in found[3]
        (payment,) = await bank.payments_of("L-1")
        assert any(payment["payment_id"] in fact and "reversed" in fact for fact in facts)


async def _live(bank: Bank, amount: int, *, balance: int) -> None:
    """A payment of the core and its return."""
    await bank.import_close("2026-01-31", LOAN)
    await bank.publish_payments(bank.payment("L-1", amount, "2026-02-01", "P-1"))
    await bank.account_where("L-1", balance_minor=500_000 - amount)
    back = bank.payment("L-1", amount, "2026-02-01", "R-1", reversal_of="P-1", reason="nsf")
    await bank.publish_payments(back)
    await bank.account_where("L-1", balance_minor=balance)


def _differences(bank: Bank) -> list[tuple[Any, ...]]:
    """What the command says is wrong: it must end with 1."""
    done = bank.operator.verify_books(bank.creditor)
    assert done.returncode == 1, done.stdout + done.stderr
    names = ("subject", "field", "expected", "found", "account_id", "facts")
    return [
        tuple(one[name] for name in names)
        for check in json.loads(done.stdout)["checks"]
        for one in check["differences"]
    ]
