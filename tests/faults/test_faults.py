"""Each fault once, with a small load, on a stack of its own: nothing lost, nothing twice, nothing wrong."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.conftest import _unavailable
from tests.e2e.stack_operator import free_base
from tests.faults.cases import CASES, live_through
from tests.faults.lab import verify
from tests.faults.machines import SECONDS, Machines

SEED = int(os.environ.get("SEED", "1"))


@pytest_asyncio.fixture(scope="module")
async def machines(infra_dir: Path) -> AsyncIterator[Machines]:
    """The machines that the faults happen to; gone after the last, or by the reaper."""
    made = Machines(infra_dir / "faults", free_base(SECONDS))
    try:
        await made.up()
    except Exception as error:  # noqa: BLE001 - whatever the reason, it is reported as one
        await made.close()
        _unavailable("The local stack", error)
    try:
        yield made
    finally:
        await made.close()


@pytest.mark.parametrize("case", CASES)
async def test_a_fault_loses_nothing_and_does_nothing_twice(machines: Machines, case: str) -> None:
    outcome = await live_through(machines, case, SEED)
    assert outcome.is_clean, f"{outcome.replay_command}: {outcome.findings.details}"


async def test_the_books_of_all_that_was_lived_through_are_right(machines: Machines) -> None:
    findings = await verify(machines)
    assert findings.is_clean, findings.details
