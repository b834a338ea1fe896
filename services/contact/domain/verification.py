"""Is this the right party? What the person answers is held against what is known; two facts must fit, none may not.

Nothing about a debt may be told before (1006.6(d)(1)): with whom a debt is discussed decides whether it was lawful.
The answers are never kept, only which of them fitted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

Factor = Literal["date_of_birth", "postal_code", "family_name", "street"]
Attested = Literal["account_suffix", "tax_id_suffix", "security_question", "photo_id", "known_voice"]

ENOUGH: Final = 2
"""Facts that must fit, besides the name under which the person was asked for."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a party; None is not known, and neither fits nor fails."""

    date_of_birth: date | None
    postal_code: str | None
    family_name: str | None
    street: str | None


@dataclass(frozen=True, slots=True)
class Verification:
    """What fitted, what did not, and whether it is enough."""

    matched: tuple[str, ...]
    failed: tuple[str, ...]

    @property
    def is_verified(self) -> bool:
        """True when enough fitted and nothing failed."""
        return len(self.matched) >= ENOUGH and not self.failed


def verify(known: Known, answers: Mapping[Factor, date | str], attested: tuple[Attested, ...]) -> Verification:
    """Hold answers against what is known. `attested`: facts checked by the collector elsewhere; they fit."""
    matched: list[str] = []
    failed: list[str] = []
    for factor, answer in sorted(answers.items()):
        held = getattr(known, factor)
        if held is None:
            continue
        (matched if _folded(held, factor) == _folded(answer, factor) else failed).append(factor)
    return Verification((*matched, *sorted(set(attested))), tuple(failed))


def _folded(value: date | str, factor: str) -> str:
    text = " ".join(str(value).casefold().replace(".", " ").replace(",", " ").split())
    # ZIP+4 and ZIP name the same place to whoever answers.
    return text[:5] if factor == "postal_code" else text
