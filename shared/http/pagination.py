"""Lists come in pages of `{items, next_cursor}`; a cursor is the sort key of the last row, opaque to the client.

It is not signed: it holds nothing secret, and a query checks the creditors of the token again for every page.
"""

import base64
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import orjson
from fastapi import Query
from pydantic import BaseModel, Field

from shared.errors import Problem

T = TypeVar("T")

MAX_LIMIT = 200
_MAX_CURSOR = 1024
_FIRST_YEAR, _LAST_YEAR = 1900, 2999

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many items a page holds at most.")]
CursorText = Annotated[str | None, Query(alias="cursor", max_length=_MAX_CURSOR, description="`next_cursor` as given.")]


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    next_cursor: str | None = Field(
        default=None, description="Give it as `cursor` for the next page; null on the last.", examples=["WzQyXQ"]
    )


def encode_cursor(*values: str | float | UUID | date | datetime | None) -> str:
    """Return the cursor of a row's sort key."""
    # asyncpg gives its own subclass of UUID, which orjson does not take
    plain = [str(value) if isinstance(value, UUID) else value for value in values]
    return base64.urlsafe_b64encode(orjson.dumps(plain)).rstrip(b"=").decode()


def decode_cursor(cursor: str, *types: type) -> tuple[Any, ...]:
    """Return the sort key of a cursor, each value of its type (`int`, `str`, `UUID`, `date`, `datetime`) or None.

    Raises:
        Problem: `cursor-invalid`, it is not of this list.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        values = _list(orjson.loads(raw))
        return tuple(
            None if value is None else _READERS[kind](value) for value, kind in zip(values, types, strict=True)
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise Problem("cursor-invalid", "The cursor was not made by this list.", field="cursor") from error


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _integer(value: Any) -> int:
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise ValueError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError
    return value


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    # At the ends of the calendar a moment may have no equal in UTC; what is listed lies far from them.
    if moment.tzinfo is None or not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError
    return moment


_READERS: dict[type, Callable[[Any], Any]] = {
    int: _integer,
    str: _text,
    UUID: UUID,
    date: date.fromisoformat,
    datetime: _moment,
}


def page_of(rows: list[T], limit: int, cursor_of: Callable[[T], str]) -> Page[T]:
    """Return the page of `limit + 1` rows read: the extra row only says that there is a next page."""
    if len(rows) <= limit:
        return Page(items=rows)
    kept = rows[:limit]
    return Page(items=kept, next_cursor=cursor_of(kept[-1]))
