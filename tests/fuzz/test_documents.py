"""The OpenAPI documents are true: whatever is sent, the answer is one that they declare, in status, type and schema."""

import asyncio
import json
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.e2e.bank import Bank
from tests.fuzz.conftest import Scale
from tests.fuzz.filled import fill
from tests.fuzz.report import write

CONFIG = Path(__file__).with_name("schemathesis.toml")
ROLES = ("supervisor", "integrator", "admin")
ROW_OF = {"accounts": "/v1/accounts/{account_id}/overview", "payments": "/v1/payments/{payment_id}"}
TTL = timedelta(hours=8)
_RUN = ("--phases", "examples,coverage,fuzzing,stateful", "--warnings", "off", "--no-color")
_LISTS = (
    ("payment_id", "payments", "/v1/payments"),
    ("promise_id", "payments", "/v1/promises"),
    ("arrangement_id", "payments", "/v1/arrangements"),
    ("work_item_id", "accounts", "/v1/queues/arrangement_follow_up/items"),
)
_ID_OF = {"payment_id": "payment_id", "work_item_id": "work_item_id"}
_COUNT = re.compile(r"([\d,]+) generated")


@pytest.mark.parametrize("service", ["accounts", "payments"])
async def test_no_request_gets_an_answer_that_is_not_declared(
    bank: Bank, scale: Scale, service: str, tmp_path: Path
) -> None:
    """With a token for one creditor, for the queues and policies of the others are no playground."""
    await fill(bank, scale.accounts)
    stack = bank.operator.stack
    token = stack.issuer.mint(ROLES, creditors=[bank.creditor], sub=f"schemathesis of {bank.creditor}", ttl=TTL)
    argv = [str(Path(sys.executable).with_name("st")), "--config-file", str(CONFIG), "run", *_RUN]
    argv += [f"{stack.url(service)}/openapi.json", "--header", f"Authorization: Bearer {token}"]
    argv += ["--max-examples", str(scale.requests), "--seed", str(scale.seed)]
    hooks = {"SCHEMATHESIS_HOOKS": "tests.fuzz.known_ids", "KNOWN_IDS": json.dumps(await _known_ids(bank))}
    hooks["PYTHONPATH"] = str(Path(__file__).parents[2])
    done = await asyncio.to_thread(
        subprocess.run, argv, cwd=tmp_path, env=os.environ | hooks, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    sent = _COUNT.search(done.stdout)
    assert sent, done.stdout
    met, missed = [await _answered(stack.url(service), ROW_OF[service], status) for status in (200, 404)]
    assert met > missed, f"{met} requests met a row, {missed} did not"
    write(f"Requests to {service}", scale.seed, int(sent[1].replace(",", "")), "", "", "", 0)


async def _answered(url: str, route: str, status: int) -> int:
    """How many reads of a route the process has answered so."""
    async with httpx.AsyncClient() as client:
        metrics = (await client.get(f"{url}/metrics")).text
    line = f'arrears_http_requests_total{{method="GET",route="{route}",status="{status}"}} '
    return int(sum(float(each.removeprefix(line)) for each in metrics.splitlines() if each.startswith(line)))


async def _known_ids(bank: Bank) -> dict[str, list[str]]:
    """What stands in the book, by the name of the parameter or field that means it."""
    ids = {"creditor_id": [str(bank.creditor)], "account_id": [bank.account_id(f"A-{n}") for n in range(10)]}
    for name, service, path in _LISTS:
        answer = await bank.call("supervisor", "GET", service, path)
        ids[name] = [item[_ID_OF.get(name, "id")] for item in answer.json()["items"]]
        assert ids[name], f"{path} is empty"
    return ids
