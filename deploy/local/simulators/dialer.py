"""A stand-in for a predictive dialer: has a list built from a queue, checks each record before it dials it, reports.

`python -m deploy.local.simulators.dialer --url http://127.0.0.1:8002 --token $(..) --queue early_stage --size 500`. It
dials nobody: what comes of a call follows from the record and `--seed`, the same each time. A right party is handed to
a person where there are any; else it is reported as a call that dropped.
"""

import argparse
import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

OUTCOMES: dict[str, int] = {
    "no_answer": 45,
    "voicemail_no_message": 25,
    "busy": 10,
    "not_in_service": 4,
    "answered_dropped": 10,
    "dialer_abandoned": 3,
    "agent_skipped": 3,
}
"""What comes of a released call, and how often in a hundred."""
Agents = Callable[[dict[str, Any], dict[str, Any]], Awaitable[bool]]
_RELEASED = 201
_BLOCKED = 403
_USED = 409
_UNAVAILABLE = 503
_BATCH = 200
_READY_S = 600.0


@dataclass
class Report:
    """What a run did. `blocked` counts records by the rules that stopped them."""

    listed: int = 0
    excluded: int = 0
    released: int = 0
    unavailable: int = 0
    blocked: Counter[str] = field(default_factory=Counter)
    results: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """The report as it is printed."""
        return {
            "listed": self.listed,
            "excluded": self.excluded,
            "released": self.released,
            "unavailable": self.unavailable,
            "blocked": dict(self.blocked.most_common()),
            "results": dict(self.results.most_common()),
            "told": dict(self.told),
        }


class Dialer:
    """Works one list off with so many lines at once. `http` carries the base address and the token.

    `agents` get each released record with the number to dial, and say whether somebody answered: then its outcome is
    theirs to report.
    """

    def __init__(self, http: httpx.AsyncClient, *, lines: int = 8, seed: int = 1, agents: Agents | None = None) -> None:
        self._http = http
        self._lines = lines
        self._seed = seed
        self._agents = agents
        self.report = Report()

    async def make_list(self, queue: str, size: int) -> str:
        """Have a list built, and return its id."""
        answer = await self._http.post("/v1/dial-lists", json={"queue": queue, "size": size})
        answer.raise_for_status()
        return str(answer.json()["dial_list_id"])

    async def until_ready(self, dial_list_id: str, *, poll_s: float = 0.5) -> None:
        """Wait until the list is built. Raises RuntimeError when it cannot be."""
        async with asyncio.timeout(_READY_S):
            while True:
                answer = await self._http.get(f"/v1/dial-lists/{dial_list_id}")
                answer.raise_for_status()
                found = answer.json()
                if found["status"] == "ready":
                    self.report.listed, self.report.excluded = found["listed"], found["excluded"]
                    return
                if found["status"] == "failed":
                    raise RuntimeError(f"the list was not built: {found['reason']}")
                await asyncio.sleep(poll_s)

    async def work_off(self, dial_list_id: str) -> Report:
        """Check, dial and report every record of a list."""
        records: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(self._lines * 4)
        done: list[dict[str, Any]] = []

        async def line() -> None:
            while (record := await records.get()) is not None:
                result = await self._dial(dial_list_id, record)
                if result is not None:
                    done.append(result)
                    if len(done) >= _BATCH:
                        batch, done[:] = list(done), []
                        await self._tell(dial_list_id, batch)

        async with asyncio.TaskGroup() as group:
            for _ in range(self._lines):
                group.create_task(line())
            async for record in self._records(dial_list_id):
                await records.put(record)
            for _ in range(self._lines):
                await records.put(None)
        await self._tell(dial_list_id, done)
        return self.report

    async def _records(self, dial_list_id: str) -> AsyncIterator[dict[str, Any]]:
        async with self._http.stream("GET", f"/v1/dial-lists/{dial_list_id}/records") as answer:
            answer.raise_for_status()
            async for text in answer.aiter_lines():
                yield json.loads(text)

    async def _dial(self, dial_list_id: str, record: dict[str, Any]) -> dict[str, Any] | None:
        path = f"/v1/dial-lists/{dial_list_id}/records/{record['record_id']}/check"
        answer = await self._http.post(path, headers={"Idempotency-Key": f"check-{record['record_id']}-{self._seed}"})
        if answer.status_code == _RELEASED:
            self.report.released += 1
            if self._agents is not None and await self._agents(record, answer.json()):
                self.report.results["handed_over"] += 1
                return None
            code = self._outcome(record["record_id"])
            self.report.results[code] += 1
            return {"record_id": record["record_id"], "result_code": code}
        if answer.status_code == _BLOCKED:
            self.report.blocked.update(str(rule["id"]) for rule in answer.json().get("rules", ()))
        elif answer.status_code == _UNAVAILABLE:
            self.report.unavailable += 1
        elif answer.status_code != _USED:
            answer.raise_for_status()
        return None

    def _outcome(self, record_id: str) -> str:
        chance = random.Random(f"{self._seed}:{record_id}")  # noqa: S311 - a simulation that repeats itself
        return chance.choices(list(OUTCOMES), list(OUTCOMES.values()))[0]

    async def _tell(self, dial_list_id: str, results: Sequence[dict[str, Any]]) -> None:
        if not results:
            return
        answer = await self._http.post(f"/v1/dial-lists/{dial_list_id}/results", json={"results": list(results)})
        answer.raise_for_status()
        self.report.told.update(one["told"] for one in answer.json()["results"])


async def run(arguments: argparse.Namespace) -> Report:
    """Make a list and work it off."""
    headers = {"Authorization": f"Bearer {arguments.token}"}
    async with httpx.AsyncClient(base_url=arguments.url, headers=headers, timeout=60) as http:
        dialer = Dialer(http, lines=arguments.lines, seed=arguments.seed)
        dial_list_id = await dialer.make_list(arguments.queue, arguments.size)
        await dialer.until_ready(dial_list_id)
        return await dialer.work_off(dial_list_id)


def main() -> None:
    """Run once and print a report as JSON."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.simulators.dialer")
    parser.add_argument("--url", default="http://127.0.0.1:8002", help="where contact is")
    parser.add_argument("--token", required=True, help="a token of an integrator")
    parser.add_argument("--queue", required=True)
    parser.add_argument("--size", type=int, default=500)
    parser.add_argument("--lines", type=int, default=8, help="calls at once")
    parser.add_argument("--seed", type=int, default=1)
    report = asyncio.run(run(parser.parse_args()))
    sys.stdout.write(json.dumps(report.as_json(), indent=2) + "\n")


if __name__ == "__main__":
    main()
