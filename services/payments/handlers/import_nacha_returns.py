"""Takes a Nacha return file of a creditor: each returned debit takes its payment back once; the rest is reported.

All of a file or nothing, in one transaction; the same content again answers what it did the first time. The accounts
are known only after a first look: it is taken without locks, then the accounts are locked and the look is repeated.
"""

from dataclasses import dataclass
from uuid import UUID

from services.payments.domain.nacha.reader import NachaFile, read
from services.payments.domain.nacha.records import Fault

__all__ = ["ImportReturns", "parse"]


@dataclass(frozen=True, slots=True)
class ImportReturns:
    """A return file as it came. `content_hash` is SHA-256 of its bytes."""

    creditor_id: UUID
    content_hash: bytes
    file: NachaFile
    taken_by: str | None


def parse(content: bytes) -> NachaFile | list[Fault]:
    """Read the file, or say with lines why none of it is taken."""
    return read(content)
