"""Services that others ask fall silent: compliance, without which nobody is called, and the issuer of tokens."""

import asyncio
from uuid import UUID, uuid5

import httpx

from shared.errors import PROBLEMS
from tests.faults.agency import Agency, refusing
from tests.faults.lab import Lab
from tests.faults.load import Load

_WARM = 40
_PLACED, _BLOCKED = 201, 403
_UNAVAILABLE = "compliance-unavailable"


async def compliance_silent(lab: Lab) -> float:
    """R19: compliance is killed, or stands still: nobody is called, a cease is kept, and payments go on."""
    agency, client = await lab.agency(8), await lab.client()
    await agency.wake()
    ceasing, *others = agency.members
    talking = (await agency.ring(ceasing, "talking")).json()["attempt_id"]
    load = Load(client, lab.rng)
    async with load.running():
        await load.some(_WARM)
        is_frozen = lab.rng.random() < 0.5
        with_worker = lab.rng.random() < 0.5
        for name in ("compliance-api", "compliance-worker")[: 1 + with_worker]:
            if is_frozen:
                lab.machines.freeze(name)
            else:
                lab.machines.kill(name, stays_down=True)
        before = dict(client.trouble.seen)
        await _nobody_is_called(lab, agency, others)
        # The member's word is taken though compliance cannot be told: the event will tell it.
        await agency.talk(talking, "rpc_cease_oral")
        agency.contacts.restrictions[str(uuid5(UUID(talking), "cease"))] = ceasing
        await load.recovery()
        await load.some(_WARM)
        lab.expect(
            holds=client.trouble.seen == before, otherwise=f"payments had to be sent again: {client.trouble.seen}"
        )
        await lab.pause()
        await _end(lab, is_frozen=is_frozen)
        loop = asyncio.get_running_loop()
        began = loop.time()
        first = await _ring_again(lab, agency, others[0])
        recovery = loop.time() - began
        answers = [first, *await asyncio.gather(*(_ring_again(lab, agency, each) for each in others[1:]))]
        for answer in answers:
            lab.expect(holds=answer.status_code == _PLACED, otherwise=f"again: {answer.status_code} {answer.text}")
    await lab.heard(agency)
    agency.contacts.stopped[ceasing] = "after an oral cease"
    answer = await agency.ring(ceasing, "again")
    lab.expect(
        holds=answer.status_code == _BLOCKED and "policy.cease_oral" in refusing(answer),
        otherwise=f"after an oral cease: {answer.status_code} {answer.text}",
    )
    return recovery


async def _ring_again(lab: Lab, agency: Agency, number: str) -> httpx.Response:
    """Ask again under the same key for a call that was given up: it is not lost.

    A question that compliance took late has reserved a permit for what was given up meanwhile. Until it has heard so,
    a second call is one too many.
    """
    answer = await agency.ring(number, f"down-{number}")
    if answer.status_code == _BLOCKED and "policy.open_attempt" in refusing(answer):
        await lab.released(agency)
        answer = await agency.ring(number, f"released-{number}")
    return answer


async def _nobody_is_called(lab: Lab, agency: Agency, numbers: list[str]) -> None:
    """Every call that is asked for is denied, with the reason, and may be asked for again."""
    answers = await asyncio.gather(*(agency.try_to_ring(number, f"down-{number}") for number in numbers))
    for number, answer in zip(numbers, answers, strict=True):
        is_denied = answer.status_code == PROBLEMS[_UNAVAILABLE][0] and answer.json()["code"] == _UNAVAILABLE
        lab.expect(holds=is_denied, otherwise=f"{number}, compliance silent: {answer.status_code} {answer.text}")
        lab.expect(holds="Retry-After" in answer.headers, otherwise=f"{number}: it does not say when to ask again")


async def _end(lab: Lab, *, is_frozen: bool) -> None:
    for name in ("compliance-api", "compliance-worker"):
        if is_frozen:
            lab.machines.thaw(name)
        else:
            lab.machines.release(name)
        await lab.machines.ready(name)
