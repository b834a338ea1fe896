"""How a candidate stands: the latest word on it holds, whoever said it: a talk, a wrong number, a person's judgement.

The words are facts with instants, so it does not matter in which order they become known.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.events.skiptrace import VerificationMethod

CandidateStatus = Literal["unverified", "verified", "rejected"]


@dataclass(frozen=True, slots=True)
class Word:
    """Somebody says that a contact point reaches the party, or that it does not, known from `at`."""

    at: datetime
    is_right: bool
    method: VerificationMethod


@dataclass(frozen=True, slots=True)
class Standing:
    """How a candidate stands and by which word; None: nobody has said anything."""

    status: CandidateStatus
    word: Word | None = None


def stand(words: Iterable[Word]) -> Standing:
    """Return the standing of a candidate. Of two words of one instant the bad one holds: nobody is called by it."""
    latest = max(words, key=lambda word: (word.at, not word.is_right), default=None)
    if latest is None:
        return Standing("unverified")
    return Standing("verified" if latest.is_right else "rejected", latest)
