"""Why nobody is contacted is told in the log, as the runbook says; no answer but a permit permits anything."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from services.contact.gateways.compliance import Compliance, ComplianceUnavailableError, Question
from shared.clock import FixedClock
from shared.errors import Problem
from shared.http.client import Answer, NoAnswerError, ServiceClient
from shared.ids import new_id

NOON = datetime(2026, 3, 11, 16, tzinfo=UTC)


class _Client:
    """A compliance that always says the same."""

    def __init__(self, said: Answer | Exception) -> None:
        self._said = said

    async def post(self, *_arguments: Any, **_options: Any) -> Answer:
        if isinstance(self._said, Exception):
            raise self._said
        return self._said


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (NoAnswerError("no answer in time"), "no answer in time"),
        (NoAnswerError("the issuer gave no token"), "the issuer gave no token"),
        (Problem("forbidden", ""), "Problem: forbidden"),
        (Answer(200, {"outcome": "allow", "made_at": NOON.isoformat()}), "it allowed and gave no permit"),
        (Answer(200, []), "ValidationError"),
    ],
)
async def test_the_log_says_why_compliance_permits_nothing(
    said: Answer | Exception, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    compliance = Compliance(cast("ServiceClient", _Client(said)), FixedClock(NOON), timedelta(seconds=5))
    with caplog.at_level(logging.WARNING), pytest.raises(ComplianceUnavailableError):
        await compliance.ask(Question(new_id(), [new_id()], "phone", new_id(), "collection", new_id()))
    assert [(record.message, vars(record)["reason"]) for record in caplog.records] == [
        ("compliance permits nothing", reason)
    ]
