"""The OpenAPI documents are true: whatever is sent, the answer is one that they declare, in status, type and schema."""

import asyncio
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.e2e.bank import Bank
from tests.fuzz.conftest import Scale
from tests.fuzz.filled import fill
from tests.fuzz.report import write

CONFIG = Path(__file__).with_name("schemathesis.toml")
ROLES = ("supervisor", "integrator", "admin")
TTL = timedelta(hours=8)
_RUN = ("--phases", "examples,coverage,fuzzing,stateful", "--warnings", "off", "--no-color")
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
    known = {"CREDITOR_ID": str(bank.creditor), "ACCOUNT_ID": bank.account_id("A-0")}
    done = await asyncio.to_thread(
        subprocess.run, argv, cwd=tmp_path, env=os.environ | known, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    sent = _COUNT.search(done.stdout)
    assert sent, done.stdout
    write(f"Requests to {service}", scale.seed, int(sent[1].replace(",", "")), "", "", "", 0)
