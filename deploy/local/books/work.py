"""I5 for the work list: every account is in the queue that the definitions say, with one open work item, or in none."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from deploy.local.books import queues
from deploy.local.books.databases import Row
from deploy.local.books.difference import Check
from deploy.local.books.doors import Answers
from deploy.local.books.expected import Expected, Facts, grouped
from deploy.local.books.topics import QUEUE_MOVES

Json = Mapping[str, Any]


def check_work(facts: Facts, answers: Answers) -> list[Check]:
    """Queue membership, and what the queues say of themselves."""
    return [_membership(facts, answers), _depths(facts, answers)]


def _membership(facts: Facts, answers: Answers) -> Check:
    check = Check("each account is in the queue that its facts call for", "I5")
    items = grouped(facts.rows.accounts["work_item"])
    told = _told(facts)
    for account_id, one in facts.accounts.items():
        check.examined += 1
        known = queue_facts(facts, one)
        creditor = str(one.row["creditor_id"])
        definition = queues.queue_of(answers.queues, known, creditor, one.business_date)
        mine: Sequence[Row] = items.get(account_id, ())
        places = {
            "accounts.account": one.row["queue"],
            "accounts.work_item": _only([row["queue"] for row in mine]),
            "the topics": _only(told.get(str(account_id), [])),
            "GET /v1/accounts": answers.accounts.get(account_id, {}).get("queue"),
        }
        expected = None if definition is None else definition["code"]
        if any(found != expected for found in places.values()):
            behind = (*_said(known), *facts.lines(account_id))
            check.compare(one.name, "queue", expected, places, account_id=account_id, facts=behind)
        elif definition is not None:
            _hold_item(check, one, definition, known, mine[0])
    return check


def _hold_item(check: Check, one: Expected, definition: Json, known: queues.Facts, item: Row) -> None:
    """What a work item says follows from the definition of its queue too."""
    expected = {
        "priority": queues.priority(definition, known),
        "reasons": queues.reasons(definition, known, one.business_date),
        "is_offerable": queues.is_offered(definition, known, one.business_date),
    }
    account_id = one.row["account_id"]
    for name, value in expected.items():
        if item[name] != value:
            places = {"accounts.work_item": item[name]}
            check.compare(one.name, name, value, places, account_id=account_id, facts=_said(known))


def queue_facts(facts: Facts, one: Expected) -> dict[str, Any]:
    """What predicates read of an account, as it must be; escalations and restrictions as people set them."""
    ruling = facts.ruling(one.row["account_id"])
    return {
        "balance_minor": one.standing.balance,
        "past_due_minor": one.standing.past_due,
        "oldest_unpaid_due_on": one.standing.oldest,
        "bucket": one.standing.bucket,
        "stage": one.standing.stage,
        "product_class": ruling["product_class"],
        "status": ruling["status"],
        "credit_limit_minor": ruling["credit_limit_minor"],
        "restrictions": list(one.row["restrictions"]),
        "escalated_at": one.row["escalated_at"],
        **asdict(one.summary),
    }


def _depths(facts: Facts, answers: Answers) -> Check:
    check = Check("each queue says how deep it is", "I5")
    counted: dict[str, int] = {}
    for row in facts.rows.accounts["work_item"]:
        counted[row["queue"]] = counted.get(row["queue"], 0) + 1
    for queue in answers.queues:
        check.examined += 1
        check.compare(
            f"queue {queue['code']}", "depth", counted.get(queue["code"], 0), {"GET /v1/queues": queue["depth"]}
        )
    return check


def _told(facts: Facts) -> dict[str, list[str]]:
    """The queues of the items that were told to have entered and not to have left, by account."""
    left = {message.body["work_item_id"] for message in facts.history.of("queue.item_exited")}
    entered: dict[str, tuple[str, str]] = {}
    for message in facts.history.of(QUEUE_MOVES[0]):
        if message.body["work_item_id"] not in left:
            entered[message.body["work_item_id"]] = (message.body["account_id"], message.body["queue"])
    found: dict[str, list[str]] = {}
    for account_id, queue in entered.values():
        found.setdefault(account_id, []).append(queue)
    return found


def _only(found: Sequence[str]) -> str | None:
    """The one that is there; several are shown as what they are."""
    return " and ".join(found) or None


def _said(known: queues.Facts) -> tuple[str, ...]:
    return (", ".join(f"{name} {value}" for name, value in known.items() if value not in (None, [])),)
