"""Good files to spoil: the extract of the core, as CSV and as NDJSON, and the return file of an ACH operator."""

import json
import re
from collections.abc import Sequence
from datetime import date

import httpx

from tests.e2e.bank import Bank, Json
from tests.integration.accounts.desk import COLUMNS, HEADER
from tests.integration.payments.return_files import Returned, return_file

ROWS = 6
WIDTH = 94


def csv(rows: Sequence[Json]) -> bytes:
    """The rows under the documented header; nothing in them needs a quote."""
    lines = [HEADER]
    lines += [",".join(str(row.get(name, "")) for name in COLUMNS) for row in rows]
    return ("\n".join(lines) + "\n").encode()


def ndjson(rows: Sequence[Json]) -> bytes:
    """One object a line."""
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def returns(traces: Sequence[str], amount: int, created_on: date, reference: str) -> bytes:
    """A file that returns the debits with these traces."""
    return return_file(
        *(Returned(trace, amount) for trace in traces), created_on=created_on, reference=reference
    ).encode()


async def send_returns(bank: Bank, content: bytes) -> httpx.Response:
    """Hand a return file in, good or not."""
    params, headers = {"creditor_id": str(bank.creditor)}, {"Content-Type": "text/plain"}
    path = "/v1/imports/nacha-returns"
    return await bank.call("integrator", "POST", "payments", path, params=params, content=content, headers=headers)


def number_of(kind: str, line: bytes) -> str:
    """The account that a good line is about."""
    return line.decode().partition(",")[0] if kind == "text/csv" else str(json.loads(line)["core_account_number"])


def adds_up(content: bytes) -> bool:
    """Whether the totals of a return file are right: counted a second time, for the test. Not for fixed blocks."""
    text = content.decode("latin-1").removeprefix("\xef\xbb\xbf").rstrip("\r\n\x1a ")
    lines = [line.rstrip(" ").ljust(WIDTH) for line in re.split(r"\r\n|\r|\n", text)]
    if len(lines) == 1:
        return True
    entries = [line for line in lines if line[0] == "6"]
    addenda = [line for line in lines if line[0] == "7"]
    control = next(line for line in lines if line[0] == "9")
    return (
        int(control[13:21]) == len(entries) + len(addenda)
        and int(control[21:31]) == sum(int(line[3:11]) for line in entries) % 10**10
        and int(control[31:43]) + int(control[43:55]) == sum(int(line[29:39]) for line in entries)
    )
