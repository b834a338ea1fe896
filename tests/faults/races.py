"""Permits under fire: hundreds ask at once, whoever decides is killed, and what stops a call comes in meanwhile."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence

import httpx

from tests.e2e.bank import Json, eventually
from tests.faults import launch
from tests.faults.agency import Agency, refusing
from tests.faults.lab import Lab
from tests.faults.machines import second

_AT_ONCE = 200
_LIMIT = 7
"""Calls about a debt in seven days: 12 CFR 1006.14(b)(2)(i)(A)."""
_PACE = ("policy.min_gap", "policy.max_per_day")
"""Policies that would stop the next call long before the law does."""
_KINDS = ("cease", "attorney", "bankruptcy_stay", "dispute")
_MEMBERS = 10
_QUEUE = "high_balance"
"""Where accounts of so much are."""
_PLACED, _BLOCKED = 201, 403


async def permits_raced(lab: Lab) -> None:
    """C1: hundreds ask at once to call about one debt, deciders are killed, and letters come in: no call too many."""
    agency, other = await lab.agency(_MEMBERS), await lab.agency(1)
    await agency.switch_off(*_PACE)
    await asyncio.gather(agency.wake(), other.wake())
    await asyncio.gather(*(lab.machines.start(second(name)) for name in ("compliance-api", "contact-api")))
    for service in ("compliance", "contact"):
        agency.urls[service].append(f"http://127.0.0.1:{lab.machines.second_port(service, 'api')}")
    await _one_permit(lab, agency)
    await _seven_calls(lab, agency)
    await _between_list_and_dial(lab, agency)
    await other.ring("L-0", "own")


async def _one_permit(lab: Lab, agency: Agency) -> None:
    """Two hundred requests for one debt at two processes: one call may be made, and the others wait for its outcome."""
    urls = agency.urls["compliance"]
    answers = await asyncio.gather(*(agency.permit("L-0", f"race-{n}", urls[n % 2]) for n in range(_AT_ONCE)))
    permits = {answer["permit"]["id"] for answer in answers if answer["permit"] is not None}
    lab.expect(holds=len(permits) == 1, otherwise=f"{len(permits)} permits at once for one debt")


async def _seven_calls(lab: Lab, agency: Agency) -> None:
    """Waves of requests through contact, a process killed in one of them: seven calls are let out, and no more."""
    waves = _LIMIT + 2
    refused: Counter[str] = Counter()
    struck = lab.rng.sample(range(waves), 1 if lab.length <= 1 else 4)
    for wave in range(waves):
        asked = [asyncio.create_task(agency.ring("L-1", f"wave-{wave}-{n}")) for n in range(20)]
        if wave in struck:
            victim = lab.rng.choice(["compliance-api", "contact-api", second("compliance-api")])
            lab.machines.arm(victim, lab.rng.choice([launch.BEFORE_COMMIT, launch.AFTER_COMMIT]), 1)
        answers = await asyncio.gather(*asked)
        made = [answer.json()["attempt_id"] for answer in answers if answer.status_code == _PLACED]
        refused.update(_why(answer) for answer in answers if answer.status_code != _PLACED)
        lab.expect(holds=len(made) <= 1, otherwise=f"wave {wave}: {len(made)} calls at once about one debt")
        for attempt_id in made:
            await agency.report(attempt_id, "no_answer")
        await lab.heard(agency)
    lab.machines.disarm()
    await lab.machines.ready()
    calls = Counter(placed.number for placed in agency.contacts.attempts.values())["L-1"]
    lab.expect(holds=calls == _LIMIT, otherwise=f"{calls} calls about one debt, and not {_LIMIT}: {dict(refused)}")


def _why(answer: httpx.Response) -> str:
    """What a refusal rests on: the rules that did not pass, or its code."""
    rules = [name for name, rule in refusing(answer).items() if rule["result"] not in {"pass", "not_applicable"}]
    return ", ".join(rules) or f"{answer.status_code} {answer.json().get('code')}"


async def _between_list_and_dial(lab: Lab, agency: Agency) -> None:
    """A dial list is worked off while letters come in and a process is killed: who is stopped is not called."""
    numbers = [number for number in agency.members if number not in {"L-0", "L-1"}]
    records = await _dial_list(agency, numbers)
    lab.expect(holds=len(records) == len(numbers), otherwise=f"the list has {len(records)} of {len(numbers)} accounts")
    lab.rng.shuffle(numbers)
    known, raced, free = numbers[:4], numbers[4:6], numbers[6:]
    await asyncio.gather(*(_stop(agency, number, kind) for number, kind in zip(known, _KINDS, strict=True)))
    lab.machines.kill(lab.rng.choice(["compliance-api", "contact-api"]))
    letters = [asyncio.create_task(_stop(agency, number, lab.rng.choice(_KINDS))) for number in raced]
    checks = [asyncio.create_task(_check(agency, records[number], number)) for number in records for _ in range(3)]
    answers = await asyncio.gather(*checks)
    await asyncio.gather(*letters)
    let_out = {number for number, answer in answers if answer.status_code == _PLACED}
    lab.expect(holds=not let_out & set(known), otherwise=f"called though stopped: {sorted(let_out & set(known))}")
    lab.expect(
        holds=set(free) <= let_out, otherwise=f"not called though nothing stops it: {sorted(set(free) - let_out)}"
    )
    after = await asyncio.gather(*(agency.ring(number, f"after-{number}") for number in known + raced))
    lab.expect(
        holds=all(answer.status_code == _BLOCKED and refusing(answer) for answer in after),
        otherwise=f"after the letter: {[answer.status_code for answer in after]}",
    )


async def _stop(agency: Agency, number: str, kind: str) -> None:
    await (agency.dispute(number) if kind == "dispute" else agency.restrict(number, kind))


async def _dial_list(agency: Agency, numbers: Sequence[str]) -> dict[str, Json]:
    """A list of the agency's accounts: the record of each by its number."""
    body = {"queue": _QUEUE, "size": 500}
    made = await agency.insist("supervisor", "POST", "contact", "/v1/dial-lists", json=body, key="list")
    if not made.is_success:
        agency.complain(made)
    path = f"/v1/dial-lists/{made.json()['dial_list_id']}"
    await eventually(
        lambda: agency.insist("integrator", "GET", "contact", path), lambda found: found.json()["status"] == "ready"
    )
    lines: str = (await agency.insist("integrator", "GET", "contact", f"{path}/records")).text
    of_account = {agency.account_id(number): number for number in numbers}
    records = [json.loads(line) for line in lines.splitlines()]
    return {
        of_account[record["account_id"]]: record | {"path": path}
        for record in records
        if record["account_id"] in of_account
    }


async def _check(agency: Agency, record: Json, number: str) -> tuple[str, httpx.Response]:
    """The dialer's question before it dials, asked again under its key until it is answered."""
    was_stopped = number in agency.contacts.stopped
    path = f"{record['path']}/records/{record['record_id']}/check"
    answer = await agency.insist("integrator", "POST", "contact", path, key=f"check-{number}")
    return number, agency.called(number, answer, was_stopped=was_stopped)
