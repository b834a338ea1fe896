"""What a check found: the result, since when it would be another, the facts used and what the contact must carry."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

NO_FACTS: Mapping[str, Any] = MappingProxyType({})


class Result(StrEnum):
    """`unknown`: a fact that the check needs is missing; `not_applicable`: the check has nothing to say here."""

    PASS = "pass"  # noqa: S105 - a result, no password
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


class Finding(NamedTuple):
    """The result of one check at the time of the request.

    `not_before`: with a fail, the earliest later moment at which this check alone would not fail on the same facts;
    None: no time within a year lifts it. `facts`: JSON values only.
    """

    result: Result
    facts: Mapping[str, Any] = NO_FACTS
    not_before: datetime | None = None
    disclosures: tuple[str, ...] = ()
    language: str | None = None


PASSED = Finding(Result.PASS)
NOT_APPLICABLE = Finding(Result.NOT_APPLICABLE)
