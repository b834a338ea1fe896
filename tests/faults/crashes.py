"""Faults that end or stop a process: the broker, the database, services at the worst moment, a zombie, a roll-out.

A recovery is counted from the end of the fault (a killed server: when it takes connections again; a service: from the
kill) until payments sent at
that moment, by the core and over HTTP, are on their accounts.
"""

import asyncio
from datetime import date

from tests.faults import launch
from tests.faults.client import Client
from tests.faults.lab import Lab
from tests.faults.load import Load
from tests.faults.machines import KAFKA, POSTGRES, WORKERS, second

_WARM = 40
"""Operations before a fault and after a recovery."""
_GRACE_S = 30.0
"""How long a process may take to end after SIGTERM."""
_LAST_DAY = date(2026, 2, 12)
"""A date on which every account of the extract looks different."""
_AGED = 600
_STATE = (
    "core_account_number balance_minor past_due_minor days_past_due oldest_unpaid_due_on bucket stage queue version"
)


async def broker_killed(lab: Lab) -> float:
    """R1: SIGKILL the broker while events are produced; it stays away for a while."""
    return await _server_killed(lab, KAFKA)


async def database_killed(lab: Lab) -> float:
    """R2: SIGKILL the postmaster and every backend while transactions commit."""
    return await _server_killed(lab, POSTGRES)


async def _server_killed(lab: Lab, name: str) -> float:
    load = await _load(lab)
    async with load.running():
        await load.some(_WARM)
        lab.machines.kill(name, stays_down=True)
        await lab.pause()
        lab.machines.release(name)
        await lab.machines.ready(name)
        recovery = await load.recovery()
        await load.some(_WARM)
    return recovery


async def killed_before_publishing(lab: Lab) -> float:
    """R3: a service dies between its commit and the publishing, the API as well as a worker."""
    worker = lab.rng.choice(WORKERS)
    return await _killed_at(
        lab,
        ("payments-api", lab.rng.choice([launch.AFTER_COMMIT, launch.BEFORE_COMMIT])),
        (worker, lab.rng.choice([launch.AFTER_COMMIT, launch.BEFORE_PUBLISH])),
    )


async def killed_before_outbox_delete(lab: Lab) -> float:
    """R4: the relay dies when Kafka has the events and the outbox has them still."""
    return await _killed_at(lab, (lab.rng.choice(WORKERS), launch.AFTER_ACK))


async def killed_before_offset_commit(lab: Lab) -> float:
    """R5: a consumer dies when its effects are committed and its offsets are not."""
    return await _killed_at(lab, (lab.rng.choice(WORKERS), launch.BEFORE_OFFSETS))


async def _killed_at(lab: Lab, *shots: tuple[str, str]) -> float:
    load = await _load(lab)
    recoveries = []
    async with load.running():
        await load.some(_WARM)
        for name, failpoint in shots:
            lab.machines.arm(name, failpoint, lab.rng.randint(1, 8))
            await lab.machines.fired(name)
            recoveries.append(await load.recovery())
        await load.some(_WARM)
    return max(recoveries)


async def zombie(lab: Lab) -> float:
    """R6: one of two workers stands still for longer than its session, loses its partitions, and wakes up."""
    worker = lab.rng.choice(WORKERS)
    load = await _load(lab)
    await lab.machines.start(second(worker))
    async with load.running():
        await load.some(_WARM)
        frozen = lab.rng.choice([worker, second(worker)])
        lab.machines.freeze(frozen)
        recovery = await load.recovery()
        lab.machines.thaw(frozen)
        await load.some(_WARM)
        await lab.machines.stop(second(worker))
        await load.recovery()
    return recovery


async def rolled_out(lab: Lab) -> float:
    """R21: SIGTERM under load for one of two APIs, then for one of two workers: nobody notices."""
    machines = lab.machines
    worker = lab.rng.choice(WORKERS)
    client = await lab.client()
    load = Load(client, lab.rng)
    await asyncio.gather(machines.start(second("payments-api")), machines.start(second(worker)))
    first, other = client.urls["payments"][0], f"http://127.0.0.1:{machines.second_port('payments', 'api')}"
    client.urls["payments"].append(other)
    async with load.running():
        await load.some(_WARM)
        for name, url in (("payments-api", first), (second("payments-api"), other)):
            # As an orchestrator does it: the endpoint leaves the load balancer, then the signal comes.
            client.urls["payments"].remove(url)
            took = await machines.stop(name)
            lab.expect(holds=took < _GRACE_S, otherwise=f"{name} took {took:.0f} s to end")
            await load.some(_WARM)
            if name == "payments-api":
                await machines.start(name)
                client.urls["payments"].append(url)
        lab.expect(holds=not client.trouble.seen, otherwise=f"requests failed: {client.trouble.seen}")
        took = await machines.stop(worker)
        lab.expect(holds=took < _GRACE_S, otherwise=f"{worker} took {took:.0f} s to end")
        recovery = await load.recovery()
        await machines.start(worker)
        await load.some(_WARM)
    return recovery


async def aging_killed(lab: Lab) -> None:
    """R20: an aging run is killed at some chunk, goes on, and is run again: as one that was never killed."""
    clean, killed = await lab.client(_AGED), await lab.client(_AGED)
    await lab.settle()
    counts = await clean.age(_LAST_DAY)
    doomed = ("accounts-api", "accounts-worker")
    for name in doomed:
        point = lab.rng.choice([launch.IN_CHUNK, launch.AFTER_CHUNK])
        lab.machines.arm(name, point, 1 if name == "accounts-worker" else lab.rng.randint(1, 2))
    once = await killed.age(_LAST_DAY)
    lab.expect(holds=any(lab.machines.has_fired(name) for name in doomed), otherwise="nobody was killed")
    lab.machines.disarm()
    again = await killed.age(_LAST_DAY)
    await lab.settle()
    same = [{key: each[key] for key in each if key != "creditor_id"} for each in (counts, once, again)]
    lab.expect(holds=same[0] == same[1] == same[2], otherwise=f"the runs answer {same}")
    lab.expect(holds=await standing(clean) == await standing(killed), otherwise="the accounts differ from a clean run")


async def standing(client: Client) -> list[dict[str, object]]:
    """Where each account stands, in an order of its own; the version tells how often it was published."""
    rows = [{name: row[name] for name in _STATE.split()} async for row in client.pages("accounts", "/v1/accounts")]
    return sorted(rows, key=lambda row: str(row["core_account_number"]))


async def _load(lab: Lab) -> Load:
    return Load(await lab.client(), lab.rng)
