"""Lists come in pages of `{items, next_cursor}`; a cursor is the sort key of the last row, opaque to the client.

It is not signed: it holds nothing secret, and a query checks the creditors of the token again for every page.
"""

import base64
import binascii
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
    return base64.urlsafe_b64encode(orjson.dumps(values)).rstrip(b"=").decode()


def decode_cursor(cursor: str, *types: type) -> tuple[Any, ...]:
    """Return the sort key of a cursor, each value of its type (`int`, `str`, `UUID`, `date`, `datetime`) or None.

    Raises:
        Problem: `cursor-invalid`, it is not of this list.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        values = orjson.loads(raw)
        if not isinstance(values, list) or len(values) != len(types):
            raise ValueError
        return tuple(_value(value, kind) for value, kind in zip(values, types, strict=True))
    except (ValueError, TypeError, binascii.Error) as error:
        raise Problem("cursor-invalid", "The cursor was not made by this list.", field="cursor") from error


def _value(value: Any, kind: type) -> Any:
    if value is None:
        return None
    if kind in (int, str):
        if type(value) is not kind:
            raise ValueError
        if kind is int and not -(2**63) <= value < 2**63:
            raise ValueError
        if kind is str and "\0" in value:
            raise ValueError
        return value
    if not isinstance(value, str):
        raise TypeError
    if kind is UUID:
        return UUID(value)
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError
        return moment
    if kind is date:
        return date.fromisoformat(value)
    raise TypeError


def page_of(rows: list[T], limit: int, cursor_of: Any) -> Page[T]:
    """Return the page of `limit + 1` rows read: the extra row only says that there is a next page."""
    if len(rows) <= limit:
        return Page(items=rows)
    kept = rows[:limit]
    return Page(items=kept, next_cursor=cursor_of(kept[-1]))
