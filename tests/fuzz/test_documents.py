"""The OpenAPI documents are true: whatever is sent, the answer is one that they declare, in status, type and schema."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.e2e.stack_operator import Operator
from tests.fuzz.book import Book
from tests.fuzz.conftest import Scale
from tests.fuzz.report import write

CONFIG = Path(__file__).with_name("schemathesis.toml")
ROLES = ("supervisor", "integrator", "admin", "compliance_officer")
SERVICES = ("contact", "skiptrace", "accounts", "payments", "compliance")
"""Contact first: who is restricted by what compliance is sent is contacted no more."""
TTL = timedelta(hours=8)
_RUN = ("--phases", "examples,coverage,fuzzing,stateful", "--warnings", "off", "--no-color")
_COUNT = re.compile(r"([\d,]+) generated")
_READS = re.compile(
    r'^arrears_http_requests_total{method="GET",route="(.*{.*)",status="(200|404)"} (.*)$', re.MULTILINE
)


@pytest.mark.parametrize("service", SERVICES)
def test_no_request_gets_an_answer_that_is_not_declared(
    operator: Operator, book: Book, scale: Scale, service: str, tmp_path: Path
) -> None:
    """With a token for one creditor, for the queues and policies of the others are no playground."""
    stack = operator.stack
    # Permits are for the service contact alone: what reserves them is struck in its name.
    roles = (*ROLES, "contact_service") if service == "compliance" else ROLES
    token = stack.issuer.mint(roles, creditors=[book.creditor], sub=f"schemathesis of {book.creditor}", ttl=TTL)
    argv = [str(Path(sys.executable).with_name("st")), "--config-file", str(CONFIG), "run", *_RUN]
    argv += [f"{stack.url(service)}/openapi.json", "--header", f"Authorization: Bearer {token}"]
    argv += ["--max-examples", str(scale.requests), "--seed", str(scale.seed)]
    hooks = {"SCHEMATHESIS_HOOKS": "tests.fuzz.known_ids", "KNOWN_IDS": json.dumps(book.ids)}
    hooks["PYTHONPATH"] = str(Path(__file__).parents[2])
    done = subprocess.run(argv, cwd=tmp_path, env=os.environ | hooks, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    sent = _COUNT.search(done.stdout)
    assert sent, done.stdout
    met, missed = _reads(stack.url(service))
    assert met.total() > missed.total(), f"{met.total()} reads met a row, {missed.total()} did not"
    assert set(missed) - set(met) == set(), "no read of these met a row"
    write(f"Requests to {service}", scale.seed, int(sent[1].replace(",", "")), "", "", "", 0)


def _reads(url: str) -> tuple[Counter[str], Counter[str]]:
    """How many reads of one thing the process has answered with it, and how many with 404, by route."""
    met, missed = Counter[str](), Counter[str]()
    for route, status, count in _READS.findall(httpx.get(f"{url}/metrics").text):
        (met if status == "200" else missed)[route] += int(float(count))
    return met, missed
