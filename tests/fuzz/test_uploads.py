"""Spoilt batches, as broken programs send them to the contact loop: no failure, and what is answered is what is kept.

Decisions by the line, the results of a dialer, and what mail systems and print vendors say became of messages.
"""

import json
from collections import Counter
from random import Random
from uuid import UUID

import asyncpg
import httpx

from tests.e2e.bank import Bank, Json, eventually
from tests.fuzz import mutate
from tests.fuzz.book import Book
from tests.fuzz.conftest import Scale
from tests.fuzz.contacted import MEMBERS, Members
from tests.fuzz.databases import open_database, query
from tests.fuzz.report import write

NDJSON = "application/x-ndjson"
REFUSED = {400, 413, 415, 422}
RESULTS = ("no_answer", "busy", "voicemail_no_message", "not_in_service")
_DECISIONS = "SELECT decision_id::text AS id FROM decision WHERE made_by = $1"
_RECORDS = "SELECT record_id::text AS id, status FROM dial_record WHERE dial_list_id = $1"
_LETTERS = """
SELECT message_id::text AS id, status FROM out_message WHERE creditor_id = $1 AND channel = 'letter'
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


async def test_spoilt_results_of_a_dialer_are_taken_as_they_are_answered_or_not_at_all(
    booked: Bank, book: Book, scale: Scale
) -> None:
    rng = Random(scale.seed)
    (dial_list,) = book.ids["dial_list_id"]
    path = f"/v1/dial-lists/{dial_list}"
    for record in book.ids["record_id"]:
        checked = await booked.call("integrator", "POST", "contact", f"{path}/records/{record}/check")
        assert checked.status_code in {201, 403, 409}, checked.text
    answers, told = Counter[int](), Counter[str]()
    async with open_database(booked.operator, "contact") as kept:
        for _ in range(scale.files // 4):
            some = rng.sample(book.ids["record_id"], min(2, len(book.ids["record_id"])))
            good = {"results": [{"record_id": record, "result_code": rng.choice(RESULTS)} for record in some]}
            before = await _states(kept, _RECORDS, dial_list)
            answer = await _send(booked, f"{path}/results", _spoilt(rng, good))
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


async def test_spoilt_receipts_move_as_many_messages_as_they_say_or_none(
    booked: Bank, book: Book, scale: Scale
) -> None:
    rng = Random(scale.seed)
    answers, taken = Counter[int](), 0
    async with open_database(booked.operator, "contact") as kept:
        sent = await _letters(booked, kept)
        for _ in range(scale.files // 4):
            good = {"receipts": [_receipt(rng, message) for message in rng.sample(sent, 2)]}
            before = await _states(kept, _LETTERS, book.creditor)
            answer = await _send(booked, "/v1/message-receipts", _spoilt(rng, good))
            says: int = answer.json()["taken"] if answer.is_success else 0
            changed = before.items() ^ (await _states(kept, _LETTERS, book.creditor)).items()
            assert len(changed) == 2 * says, f"{says} are said to be taken, but {changed}"
            answers[answer.status_code] += 1
            taken += says
    assert {200} < set(answers) <= {200} | REFUSED
    assert taken
    refused = answers.total() - answers[200]
    write("Receipts and bounces", scale.seed, answers.total(), answers[200], refused, f"moved {taken:,}", 0)


async def _letters(booked: Bank, kept: asyncpg.Connection) -> list[str]:
    """Letters that were handed over, and wait for what becomes of them."""
    members = Members(booked)
    sent = []
    for n in range(4, MEMBERS):
        body = members.about(n, "address", "letter") | {"template": "account_status", "purpose": "service"}
        answer = await booked.call("collector", "POST", "contact", "/v1/messages", json=body)
        if answer.is_success:
            sent.append(answer.json()["message_id"])
    assert len(sent) > 2, answer.text
    await eventually(
        lambda: _states(kept, _LETTERS, booked.creditor),
        lambda found: all(found[message] not in {"queued", "sending"} for message in found),
    )
    return sent


def _receipt(rng: Random, message: str) -> Json:
    status = rng.choice(("bounced", "undeliverable", "delivered"))
    return {"message_id": message, "channel": "letter", "status": status, "is_permanent": rng.random() < 0.5}


def _spoilt(rng: Random, good: Json) -> bytes:
    """Four of five are spoilt."""
    return mutate.document(rng, good) if rng.random() < 0.8 else json.dumps(good).encode()


async def _send(booked: Bank, path: str, content: bytes) -> httpx.Response:
    headers = {"Content-Type": "application/json"}
    return await booked.call("integrator", "POST", "contact", path, content=content, headers=headers)


async def _states(kept: asyncpg.Connection, sql: str, of: UUID | str) -> dict[str, str]:
    return {row["id"]: row["status"] for row in await kept.fetch(sql, of)}
