"""I1 to I3 for payments: each is allocated exactly, known under one reference, and published once, as it is."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from deploy.local.books.databases import Row
from deploy.local.books.difference import Check
from deploy.local.books.expected import Facts

Bodies = Mapping[str, Any]
_POSTED = ("creditor_id", "account_id", "amount_minor", "currency", "effective_on", "posted_on", "channel", "source",
           "source_ref", "origin", "allocation_basis")  # fmt: skip
_REVERSED = ("reversal_id", "creditor_id", "account_id", "amount_minor", "currency", "reason", "effective_on",
             "posted_on", "origin")  # fmt: skip


def check_money(facts: Facts) -> list[Check]:
    """Every check of payments and what was published of them."""
    return [_allocations(facts), _references(facts), _posted(facts), _reversed(facts)]


def _allocations(facts: Facts) -> Check:
    check = Check("the parts of each payment sum to it", "I1")
    for row in facts.rows.payments["payment"]:
        parts = facts.allocations.get(row["payment_id"], {})
        is_held = row["unapplied_reason"] is not None and row["allocation_basis"] is None
        check.examined += 1
        places = {"payments.allocation": sum(parts.values())}
        if not is_held:
            behind = [f"{component} {amount}" for component, amount in parts.items()]
            _compare(check, row, "allocation", row["amount_minor"], places, facts=behind)
        back = facts.reversals.get(row["payment_id"])
        if back is not None:
            _compare(check, row, "reversal", row["amount_minor"], {"payments.reversal": back["amount_minor"]})
        status = "reversed" if back is not None else "posted" if row["unapplied_reason"] is None else "unapplied"
        _compare(check, row, "status", status, {"payments.payment": row["status"]})
    return check


def _references(facts: Facts) -> Check:
    check = Check("no reference was posted twice", "I2")
    by_reference: dict[tuple[UUID, str, str], list[Row]] = defaultdict(list)
    for row in facts.rows.payments["payment"]:
        by_reference[row["creditor_id"], row["source"], row["source_ref"]].append(row)
    for (_, source, reference), rows in by_reference.items():
        check.examined += 1
        if len(rows) > 1:
            behind = [f"payment {row['payment_id']}: {row['amount_minor']} taken {row['taken_at']}" for row in rows]
            where = rows[0]["account_id"]
            check.add(f"{source} {reference}", "payments", "1", str(len(rows)), account_id=where, facts=behind)
    return check


def _posted(facts: Facts) -> Check:
    check = Check("each posted payment is published once, as it is", "I2, I3")
    events = _by_payment(facts, "payment.posted")
    waiting = _by_payment(facts, "payment.unapplied")
    for row in facts.rows.payments["payment"]:
        check.examined += 1
        found = events.pop(str(row["payment_id"]), {})
        if row["unapplied_reason"] is not None:
            _compare(check, row, "payment.posted", 0, {"the topic": len(found)})
            said = min(1, len(waiting.get(str(row["payment_id"]), {})))
            _compare(check, row, "payment.unapplied", 1, {"the topic": said})
        elif _is_told(check, row, "payment.posted", found):
            _hold(check, row, "payment.posted", {name: row[name] for name in _POSTED}, found)
            parts = facts.allocations.get(row["payment_id"], {})
            for event_id, body in found.items():
                told = {line["component"]: line["amount_minor"] for line in body["allocation"]}
                _compare(check, row, "allocation", told, {"payments.allocation": parts}, facts=[f"event {event_id}"])
    _name_unknown(check, "payment.posted", events)
    return check


def _reversed(facts: Facts) -> Check:
    check = Check("each reversal is published once, as it is", "I2, I3")
    events = _by_payment(facts, "payment.reversed")
    for payment in facts.rows.payments["payment"]:
        row = facts.reversals.get(payment["payment_id"])
        if row is None:
            continue
        check.examined += 1
        found = events.pop(str(row["payment_id"]), {})
        if payment["unapplied_reason"] is not None:
            _compare(check, row, "payment.reversed", 0, {"the topic": len(found)})
        elif _is_told(check, row, "payment.reversed", found):
            _hold(check, row, "payment.reversed", {name: row[name] for name in _REVERSED}, found)
    _name_unknown(check, "payment.reversed", events)
    return check


def _is_told(check: Check, row: Row, topic: str, found: Bodies) -> bool:
    """One event, and a second once the core has booked what is ours (it may have been booked before it was told)."""
    plain = sum(body.get("booked_on") is None for body in found.values())
    booked = len(found) - plain
    is_right = (plain, booked) == (1, 0) if row["booked_on"] is None else booked == 1 and plain <= 1
    if not is_right:
        expected = "1 event" if row["booked_on"] is None else f"1 event, and 1 that it is booked {row['booked_on']}"
        _add(check, row, topic, expected, f"{plain} events, {booked} booked", facts=[f"event {key}" for key in found])
    return bool(found)


def _hold(check: Check, row: Row, topic: str, stored: Mapping[str, Any], found: Bodies) -> None:
    """Each event says what the row says."""
    for event_id, body in found.items():
        for name, value in stored.items():
            if _plain(value) != body[name]:
                said, kept = str(body[name]), str(_plain(value))
                _add(check, row, name, said, f"{kept} in payments", facts=[f"event {event_id} on {topic}"])
        if body.get("booked_on") not in {None, _plain(row["booked_on"])}:
            _add(
                check,
                row,
                "booked_on",
                body["booked_on"],
                str(row["booked_on"]),
                facts=[f"event {event_id} on {topic}"],
            )


def _name_unknown(check: Check, topic: str, events: Mapping[str, Bodies]) -> None:
    for payment_id, found in events.items():
        behind = [f"event {event_id}" for event_id in found]
        where = UUID(next(iter(found.values()))["account_id"])
        check.add(f"payment {payment_id}", topic, "a row of payments", "none", account_id=where, facts=behind)


def _by_payment(facts: Facts, topic: str) -> dict[str, dict[str, Any]]:
    """The distinct events of each payment: at least once is promised, so the same event may stand there twice."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for message in facts.history.of(topic):
        found[message.body["payment_id"]][message.event_id or message.where] = message.body
    return dict(found)


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _compare(
    check: Check, row: Row, what: str, expected: object, places: Mapping[str, Any], *, facts: Iterable[str] = ()
) -> None:
    check.compare(f"payment {row['payment_id']}", what, expected, places, account_id=row["account_id"], facts=facts)


def _add(check: Check, row: Row, what: str, expected: str, found: str, *, facts: Iterable[str]) -> None:
    check.add(f"payment {row['payment_id']}", what, expected, found, account_id=row["account_id"], facts=facts)
