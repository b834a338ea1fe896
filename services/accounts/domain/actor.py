"""Who acts on the work list, as far as its rules ask."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """The token's subject, its creditors (None: all), and whether it may act on other collectors' items."""

    sub: str
    creditors: frozenset[UUID] | None = None
    is_supervisor: bool = False

    def may_see(self, creditor_id: UUID) -> bool:
        """Whether the creditor is among the token's."""
        return self.creditors is None or creditor_id in self.creditors
