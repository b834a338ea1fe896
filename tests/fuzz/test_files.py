"""Files as they come out of broken programs: never a failure, never half of a return file, every good line taken."""

import json
from collections import Counter
from datetime import date
from random import Random
from typing import Any

import httpx

from tests.e2e.bank import Bank, Json
from tests.fuzz import files, mutate
from tests.fuzz.conftest import Scale
from tests.fuzz.databases import open_database
from tests.fuzz.filled import CLOSE, TODAY, fill, rows
from tests.fuzz.report import write

IMPORT = "/v1/imports/account-snapshots"
KINDS = {"text/csv": files.csv, "application/x-ndjson": files.ndjson}
AMOUNT = 12_500
_TRACE = "0910000{:08}"
_ACCOUNTS = "SELECT core_account_number AS n, balance_minor AS b FROM account WHERE creditor_id = $1"
_EFFECTS = """
SELECT (SELECT count(*) FROM reversal WHERE creditor_id = $1), (SELECT count(*) FROM nacha_file WHERE creditor_id = $1),
  (SELECT count(*) FROM payment WHERE creditor_id = $1 AND status = 'reversed')
"""


def _spoilt(rng: Random, good: bytes) -> bytes:
    return mutate.lines(rng, good) if rng.random() < 0.8 else mutate.content(rng, good)


async def test_the_good_lines_of_a_spoilt_extract_land_and_every_other_is_reported(bank: Bank, scale: Scale) -> None:
    rng = Random(scale.seed)
    wrong: list[str] = []
    expected: dict[str, int] = {}
    answers, refused = Counter[int](), Counter[str]()
    for n in range(scale.files // 2):
        kind = rng.choice(list(KINDS))
        good = KINDS[kind](rows(files.ROWS, f"F{n}-"))
        content = _spoilt(rng, good)
        answer = await _import(bank, content, kind)
        answers[answer.status_code] += 1
        wrong += [f"{n}: {each}: {content[:2_000]!r}" for each in await _judge(bank, answer, refused)]
        if answer.status_code == 201:
            expected |= _intact(kind, good, content)
    async with open_database(bank.operator, "accounts") as connection:
        landed = {row["n"]: row["b"] for row in await connection.fetch(_ACCOUNTS, bank.creditor)}
    wrong += [f"{number} has not landed" for number, balance in expected.items() if landed.get(number) != balance]
    assert wrong == []
    assert expected
    listed = ", ".join(f"`{code}` {count:,}" for code, count in refused.most_common(6))
    write("CSV and NDJSON files", scale.seed, answers.total(), answers[201], answers[422], f"lines: {listed}", 0)


async def _import(bank: Bank, content: bytes, kind: str) -> httpx.Response:
    params = {"creditor_id": str(bank.creditor), "business_date": CLOSE}
    headers = {"Content-Type": kind}
    return await bank.call("integrator", "POST", "accounts", IMPORT, params=params, content=content, headers=headers)


async def _judge(bank: Bank, answer: httpx.Response, refused: Counter[str]) -> list[str]:
    """What is wrong with the answer to a spoilt extract, and with its report."""
    body: Json = answer.json()
    if answer.status_code == 422 and body["code"] == "header-invalid":
        return []
    if answer.status_code != 201:
        return [f"{answer.status_code} {answer.text}"]
    path = f"/v1/imports/{body['import_id']}/errors"
    page: Json = (await bank.call("integrator", "GET", "accounts", path, params={"limit": "200"})).json()
    wrong = []
    if body["rows"] != body["opened"] + body["updated"] + body["unchanged"] + body["rejected"]:
        wrong.append(f"the counts do not add up: {body}")
    if len(page["items"]) != body["rejected"]:
        wrong.append(f"{body['rejected']} lines are refused, {len(page['items'])} reported")
    for item in page["items"]:
        refused[item["code"]] += 1
        if item["line"] < 1 or not item["code"] or not item["message"] or "field" not in item:
            wrong.append(f"a report that does not say what is wrong where: {item}")
    return wrong


def _intact(kind: str, good: bytes, content: bytes) -> dict[str, int]:
    """The accounts whose line is still as it was and stands alone; with a stray quote near, nobody can tell."""
    lines, spoilt = good.split(b"\n"), content.split(b"\n")
    if kind == "text/csv" and (b'"' in content or spoilt[0] != lines[0]):
        return {}
    found = {}
    for line, row in zip(lines[1:] if kind == "text/csv" else lines, rows(files.ROWS), strict=False):
        number = files.number_of(kind, line)
        if spoilt.count(line) == 1 and content.count(number.encode()) == line.count(number.encode()):
            found[number] = row["balance_minor"]
    return found


async def test_a_broken_return_file_has_no_effect_and_a_good_one_its_whole(bank: Bank, scale: Scale) -> None:
    rng = Random(scale.seed)
    await fill(bank, 1)
    wrong: list[str] = []
    answers, refused = Counter[int](), Counter[str]()
    traces: list[str] = []
    async with open_database(bank.operator, "payments") as connection:
        for n in range(scale.files // 2):
            if n % 20 == 0:
                traces = [_TRACE.format(n * 10 + k) for k in range(9)]
                for trace in traces:
                    await bank.post_payment("A-0", AMOUNT, TODAY, ach_trace=trace)
            good = files.returns(rng.sample(traces, 3), AMOUNT, date.fromisoformat(TODAY), f"{n:08}"[-8:])
            content = _spoilt(rng, good)
            before = tuple(await connection.fetchrow(_EFFECTS, bank.creditor))
            answer = await files.send_returns(bank, content)
            after = tuple(await connection.fetchrow(_EFFECTS, bank.creditor))
            answers[answer.status_code] += 1
            effect = tuple(new - old for new, old in zip(after, before, strict=True))
            wrong += [f"{n}: {each}: {content[:2_000]!r}" for each in _judge_return(answer, content, effect, refused)]
    assert wrong == []
    assert answers[422]
    assert answers[201]
    listed = ", ".join(f"{message} {count:,}" for message, count in refused.most_common(4))
    write("Nacha return files", scale.seed, answers.total(), answers[201] + answers[200], answers[422], listed, 0)


def _judge_return(answer: httpx.Response, content: bytes, effect: tuple[Any, ...], refused: Counter[str]) -> list[str]:
    """What is wrong with an answer, given how many reversals, files and reversed payments it made."""
    body: Json = answer.json()
    if answer.status_code == 422 and body["code"] == "nacha-file-invalid":
        refused[body["errors"][0]["message"].partition(" (")[0].partition(" says")[0]] += 1
        has_lines = all(error["line"] >= 1 and error["message"] for error in body["errors"])
        return ([] if has_lines else ["an error without its line"]) + (
            [f"an effect of {effect}"] if any(effect) else []
        )
    if answer.status_code not in {200, 201}:
        return [f"{answer.status_code} {answer.text}"]
    reversed_ = sum(entry["result"] == "reversed" for entry in body["entries"])
    wrong = [] if files.adds_up(content) else ["totals that do not add up were taken"]
    if effect != (reversed_, int(answer.status_code == 201), reversed_):
        wrong.append(f"{json.dumps(body['counts'])} is reported, {effect} happened")
    return wrong
