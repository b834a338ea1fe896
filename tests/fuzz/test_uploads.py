"""Spoilt batches, as broken programs send them to the contact loop: no failure, and what is answered is what is kept.

Decisions by the line, the results of a dialer, and what mail systems and print vendors say became of messages.
"""

import json
from collections import Counter
from random import Random
from uuid import UUID

import asyncpg
import httpx

from tests.e2e.bank import LOAN, Bank, Json, eventually
from tests.fuzz import mutate
from tests.fuzz.book import Book
from tests.fuzz.conftest import Scale
from tests.fuzz.contacted import MEMBERS, Members, member
from tests.fuzz.databases import open_database, query
from tests.fuzz.filled import CLOSE
from tests.fuzz.report import write

NDJSON = "application/x-ndjson"
REFUSED = {400, 413, 415, 422}
RESULTS = ("no_answer", "busy", "voicemail_no_message", "not_in_service")
_DECISIONS = "SELECT decision_id::text AS id FROM decision WHERE made_by = $1"
_RECORDS = "SELECT record_id::text AS id, status FROM dial_record WHERE dial_list_id = $1"
_LETTERS = """
SELECT message_id::text AS id, CASE reason WHEN 'returned-late' THEN reason ELSE status END AS status
FROM out_message WHERE creditor_id = $1 AND channel = 'letter'
"""


async def test_each_line_of_a_spoilt_batch_is_decided_or_refused_in_its_place(
    booked: Bank, book: Book, scale: Scale
) -> None:
    rng = Random(scale.seed)
    asked = [json.dumps(Members(booked).about(n)).encode() for n in range(MEMBERS)]
    wrong: list[str] = []
    refused, decided, lines = Counter[str](), set[str](), 0
    made_by = f"supervisor-of-{book.creditor}"
    before = {row["id"] for row in await query(booked.operator, "compliance", _DECISIONS, made_by)}
    for n in range(scale.files // 4):
        good = b"\n".join(rng.sample(asked, 6)) + b"\n"
        content = _spoilt_lines(rng, good)
        answer = await booked.call(
            "supervisor",
            "POST",
            "compliance",
            "/v1/contact-decisions:batch",
            content=content,
            headers={"Content-Type": NDJSON},
        )
        told = _told(answer, content)
        wrong += [f"{n}: {each}: {content[:2_000]!r}" for each in _judge(told, content, set(asked))]
        decided |= {one["decision_id"] for one in told if "decision_id" in one}
        refused.update(one["code"] for one in told if "code" in one)
        lines += len(told)
    kept = {row["id"] for row in await query(booked.operator, "compliance", _DECISIONS, made_by)} - before
    assert wrong == []
    assert kept == decided
    assert refused
    listed = ", ".join(f"`{code}` {count:,}" for code, count in refused.most_common(6))
    write("Lines of `:batch`", scale.seed, lines, len(decided), refused.total(), listed, 0)


def _spoilt_lines(rng: Random, good: bytes) -> bytes:
    """Lines changed as documents, or as the lines and bytes of a file."""
    if rng.random() < 0.5:
        lines = good.split(b"\n")
        at = rng.randrange(len(lines) - 1)
        lines[at] = mutate.document(rng, json.loads(lines[at])).replace(b"\n", b" ")
        return b"\n".join(lines)
    return mutate.lines(rng, good) if rng.random() < 0.8 else mutate.content(rng, good)


def _told(answer: httpx.Response, content: bytes) -> list[Json]:
    assert answer.status_code == 200, f"{answer.status_code} {answer.text[:500]}: {content[:2_000]!r}"
    return [json.loads(line) for line in answer.content.splitlines()]


def _judge(told: list[Json], content: bytes, asked: set[bytes]) -> list[str]:
    """What is wrong with the answers to the lines of a batch."""
    sent = [line for line in content.split(b"\n") if line.strip()]
    if [one["line"] for one in told] != list(range(1, len(sent) + 1)):
        return [f"{len(sent)} lines are sent, {[one['line'] for one in told]} answered"]
    wrong = [f"{one} says nothing" for one in told if not (one.get("decision_id") or (one["code"] and one["detail"]))]
    return wrong + [
        f"{one} is the answer to a good line"
        for line, one in zip(sent, told, strict=True)
        if line in asked and not one.get("outcome")
    ]


async def _unharmed(bank: Bank) -> Members:
    """People of a creditor of its own, whom nothing forbids to call or write to, at any hour."""
    loans = [LOAN | {"core_account_number": f"A-{n}", "parties": [member(bank, n)]} for n in range(MEMBERS)]
    await bank.import_close(CLOSE, *loans)
    members = Members(bank)
    await members.agree()
    return members


async def test_spoilt_results_of_a_dialer_are_taken_as_they_are_answered_or_not_at_all(
    bank: Bank, scale: Scale
) -> None:
    rng = Random(scale.seed)
    members = await _unharmed(bank)
    await bank.account_where("A-0", queue="early_stage")
    await members.dial_list("A-0")
    (dial_list,), records = members.made["dial_list_id"], members.made["record_id"]
    path = f"/v1/dial-lists/{dial_list}"
    for record in records:
        checked = await bank.call("integrator", "POST", "contact", f"{path}/records/{record}/check")
        assert checked.status_code == 201, checked.text
    answers, told = Counter[int](), Counter[str]()
    async with open_database(bank.operator, "contact") as kept:
        for _ in range(scale.files // 4):
            some = [{"record_id": record, "result_code": rng.choice(RESULTS)} for record in rng.sample(records, 2)]
            good = {"results": some}
            before = await _states(kept, _RECORDS, dial_list)
            answer = await _send(bank, f"{path}/results", _spoilt(rng, good))
            words = [one["told"] for one in answer.json()["results"]] if answer.is_success else []
            changed = before.items() ^ (await _states(kept, _RECORDS, dial_list)).items()
            assert len(changed) == 2 * words.count("taken"), f"{words}, but {changed}"
            answers[answer.status_code] += 1
            told.update(words)
    assert {200} < set(answers) <= {200} | REFUSED
    assert told["taken"]
    assert told["already"] + told["conflict"]
    listed = ", ".join(f"{word} {count:,}" for word, count in told.most_common(6))
    write("Results of a dialer", scale.seed, answers.total(), answers[200], answers[422] + answers[400], listed, 0)


async def test_spoilt_receipts_move_as_many_messages_as_they_say_or_none(bank: Bank, scale: Scale) -> None:
    rng = Random(scale.seed)
    answers, taken = Counter[int](), 0
    async with open_database(bank.operator, "contact") as kept:
        sent = await _letters(bank, kept)
        for _ in range(scale.files // 4):
            good = {"receipts": [_receipt(rng, message) for message in rng.sample(sent, 2)]}
            before = await _states(kept, _LETTERS, bank.creditor)
            answer = await _send(bank, "/v1/message-receipts", _spoilt(rng, good))
            says: int = answer.json()["taken"] if answer.is_success else 0
            changed = before.items() ^ (await _states(kept, _LETTERS, bank.creditor)).items()
            assert len(changed) == 2 * says, f"{says} are said to be taken, but {changed}"
            answers[answer.status_code] += 1
            taken += says
    assert {200} < set(answers) <= {200} | REFUSED
    assert taken
    refused = answers.total() - answers[200]
    write("Receipts and bounces", scale.seed, answers.total(), answers[200], refused, f"moved {taken:,}", 0)


async def _letters(bank: Bank, kept: asyncpg.Connection) -> list[str]:
    """Letters that were handed over, and wait for what becomes of them."""
    members = await _unharmed(bank)
    sent = []
    for n in range(MEMBERS):
        body = members.about(n, "address", "letter") | {"template": "account_status", "purpose": "service"}
        sent.append((await members.done("collector", "contact", "/v1/messages", body))["message_id"])
    await eventually(
        lambda: _states(kept, _LETTERS, bank.creditor),
        lambda found: all(found[message] not in {"queued", "sending"} for message in found),
    )
    return sent


def _receipt(rng: Random, message: str) -> Json:
    status = rng.choice(("bounced", "undeliverable", "delivered"))
    return {"message_id": message, "channel": "letter", "status": status, "is_permanent": rng.random() < 0.5}


def _spoilt(rng: Random, good: Json) -> bytes:
    """Four of five are spoilt."""
    return mutate.document(rng, good) if rng.random() < 0.8 else json.dumps(good).encode()


async def _send(bank: Bank, path: str, content: bytes) -> httpx.Response:
    headers = {"Content-Type": "application/json"}
    return await bank.call("integrator", "POST", "contact", path, content=content, headers=headers)


async def _states(kept: asyncpg.Connection, sql: str, of: UUID | str) -> dict[str, str]:
    return {row["id"]: row["status"] for row in await kept.fetch(sql, of)}
