"""A decision is written as it was found, whatever was written before by the same writer."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.contact_facts import KnownParty
from services.compliance.domain.decide import Decision, decide
from services.compliance.handlers.written_decision import Made, WrittenDecision
from services.compliance.store.shipped import shipped_rules
from shared.ids import new_id

NOON = datetime(2026, 11, 23, 17, 0, 0, 250, tzinfo=UTC)


def instant(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def rules_of(decision: Decision) -> list[dict[str, Any]]:
    return [
        {
            "id": each.rule.rule_id,
            "version": each.rule.version,
            "citation": each.rule.citation,
            "result": each.finding.result.value,
            "outcome": each.outcome.value,
            "not_before": instant(each.finding.not_before),
            "facts": json.loads(json.dumps(dict(each.finding.facts), default=str)),
        }
        for each in decision.rules
    ]


def test_every_rule_is_written_with_what_its_check_has_found_however_often_it_was_written_before() -> None:
    writer, book = WrittenDecision(), shipped_rules()
    for seed in range(3):
        known = KnownParty(seed)
        for request in known.requests():
            decision = decide(request, known.facts, book)
            made = Made(new_id(), request, new_id(), decision, NOON, None, is_dry_run=False)
            answer = json.loads(writer(made))
            assert answer["rules"] == rules_of(decision)
            assert answer["outcome"] == decision.outcome.value
            assert answer["not_before"] == instant(decision.not_before)
            assert answer["zones"] == list(decision.zones)


def test_a_permit_is_written_with_its_expiry_in_utc() -> None:
    known = KnownParty(0)
    request = known.requests()[0]
    permit = {"permit_id": new_id(), "expires_at": NOON + timedelta(seconds=120)}
    decision = decide(request, known.facts, shipped_rules())
    answer = json.loads(WrittenDecision()(Made(new_id(), request, new_id(), decision, NOON, permit, is_dry_run=False)))
    assert answer["permit"] == {"id": str(permit["permit_id"]), "expires_at": "2026-11-23T17:02:00.000250Z"}
    assert answer["made_at"] == "2026-11-23T17:00:00.000250Z"
