"""Who gives a command: all that a handler needs to know of the token, which the edge has verified."""

from typing import Protocol
from uuid import UUID


class Actor(Protocol):
    """The subject of a token, and the creditors that it may see."""

    @property
    def sub(self) -> str:
        """The stable name of the person or system."""
        ...

    def may_see(self, creditor_id: UUID) -> bool:
        """Tell if the token reaches this creditor's objects."""
        ...
