"""A step over many things in one transaction; where one of them breaks it, the others are done all the same."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from services.contact.handlers.permits import Transactions
from shared.db.failures import is_transient
from shared.db.transaction import Tx

T = TypeVar("T")
Step = Callable[[Tx, Sequence[T]], Awaitable[Any]]

_log = logging.getLogger(__name__)


async def apply(
    transactions: Transactions, things: Sequence[T], step: Callable[[Tx, Sequence[T]], Awaitable[Any]]
) -> None:
    """Run `step` on all of them at once; where that fails, on each half, down to the one at fault, which is logged.

    Raises:
        Exception: the database itself does not answer.
    """
    if not things:
        return
    try:
        await transactions.write(lambda tx: step(tx, things))
    except Exception as error:
        if is_transient(error):
            raise
        if len(things) == 1:
            _log.exception("a step failed and is left to the sweep", extra={"step": step.__name__})
            return
        half = len(things) // 2
        await apply(transactions, things[:half], step)
        await apply(transactions, things[half:], step)
