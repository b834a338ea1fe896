"""Set-based SQL writes exactly the rows that it was given, of every column type, and touches no row that is equal."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import FixedClock
from shared.db.sets import insert_rows, load_rows, update_rows, upsert_rows
from shared.db.transaction import Tx, open_transaction
from tests.integration.db.specimen import MESSAGING, Pair, Specimen

CLOCK = FixedClock(datetime(2026, 3, 1, tzinfo=UTC))
BIG = 2**63 - 1

# Any text that PostgreSQL can hold: it has no NUL, and no half of a surrogate pair.
text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=5,
)
facts = st.fixed_dictionaries(
    {
        "amount_minor": st.integers(-BIG - 1, BIG),
        "currency": st.sampled_from(["USD", "EUR", "JPY"]),
        "name": st.none() | text,
        "rank": st.none() | st.integers(-32768, 32767),
        "is_open": st.booleans(),
        "due_on": st.none() | st.dates(date(1900, 1, 1)),
        "happened_at": st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
        "tags": st.none() | st.lists(st.none() | text, max_size=4),
        "ids": st.none() | st.lists(st.uuids(), max_size=3),
        "facts": st.none() | st.dictionaries(text, json, max_size=3),
    }
)
books = st.dictionaries(st.uuids(), facts, min_size=1, max_size=12)
on_the_server = settings(max_examples=60)


def _rows(book: dict[UUID, dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"specimen_id": key, **row} for key, row in book.items()]


async def _stored(tx: Tx, book: dict[UUID, Any]) -> dict[UUID, dict[str, Any]]:
    found = {}
    for record in await load_rows(tx, Specimen, "specimen_id", list(book)):
        row = dict(record)
        found[row.pop("specimen_id")] = row
    return found


@on_the_server
@given(book=books)
async def test_what_is_inserted_is_loaded_unchanged(kernel_engine: AsyncEngine, book: dict[UUID, Any]) -> None:
    async with open_transaction(kernel_engine, CLOCK) as tx:
        written = await insert_rows(tx, Specimen, _rows(book), returning=["specimen_id"])
        assert [row["specimen_id"] for row in written] == list(book)
        assert await _stored(tx, book) == book


@on_the_server
@given(old=books, new=books, data=st.data())
async def test_an_update_writes_the_rows_that_differ_and_no_other(
    kernel_engine: AsyncEngine, old: dict[UUID, Any], new: dict[UUID, Any], data: st.DataObject
) -> None:
    kept = data.draw(st.sets(st.sampled_from(sorted(old))))
    wanted = {key: old[key] for key in kept} | dict(zip(sorted(set(old) - kept), new.values(), strict=False))
    async with open_transaction(kernel_engine, CLOCK) as tx:
        await insert_rows(tx, Specimen, _rows(old))
        before = await _versions(tx, old)
        count = await update_rows(tx, Specimen, _rows(wanted) + _rows({uuid4(): old[min(old)]}), key=["specimen_id"])
        expected = old | wanted
        changed = {key for key in old if expected[key] != old[key]}
        assert await _stored(tx, old) == expected
        assert count == len(changed)
        assert {key for key, version in (await _versions(tx, old)).items() if version != before[key]} == changed


@on_the_server
@given(old=books, new=books)
async def test_an_upsert_inserts_what_is_new_and_rewrites_what_differs(
    kernel_engine: AsyncEngine, old: dict[UUID, Any], new: dict[UUID, Any]
) -> None:
    async with open_transaction(kernel_engine, CLOCK) as tx:
        await insert_rows(tx, Specimen, _rows(old))
        wanted = new | dict(zip(sorted(old), new.values(), strict=False))
        count = await upsert_rows(tx, Specimen, _rows(wanted), key=["specimen_id"])
        everything = old | wanted
        assert await _stored(tx, everything) == everything
        assert count == sum(1 for key, row in wanted.items() if key not in old or old[key] != row)
        assert await upsert_rows(tx, Specimen, _rows(everything), key=["specimen_id"]) == 0


async def _versions(tx: Tx, book: dict[UUID, Any]) -> dict[UUID, Any]:
    """Where each row stands: a rewritten row stands elsewhere, even within one transaction."""
    rows = await tx.fetch("SELECT specimen_id, ctid::text AS at FROM specimen WHERE specimen_id = ANY($1)", list(book))
    return {row["specimen_id"]: row["at"] for row in rows}


async def test_a_row_that_is_equal_keeps_its_transaction(kernel_engine: AsyncEngine) -> None:
    creditor = uuid4()
    rows: list[dict[str, Any]] = [{"creditor_id": creditor, "order": str(n), "value": n} for n in range(50)]
    async with open_transaction(kernel_engine, CLOCK) as tx:
        await insert_rows(tx, Pair, rows)
        await tx.commit()
    rows[7]["value"] = None
    xmin = 'SELECT "order", xmin::text AS made_by FROM pair WHERE creditor_id = $1'
    for write in (update_rows, upsert_rows):
        rows[8]["value"] += 1
        async with open_transaction(kernel_engine, CLOCK) as tx:
            before = {row["order"]: row["made_by"] for row in await tx.fetch(xmin, creditor)}
            written = await write(tx, Pair, rows, key=["creditor_id", "order"])
            after = {row["order"]: row["made_by"] for row in await tx.fetch(xmin, creditor)}
            await tx.commit()
        assert {order for order in after if after[order] != before[order]} == ({"7", "8"} if written == 2 else {"8"})
    assert written == 1


async def test_rows_are_inserted_in_their_order(kernel_engine: AsyncEngine) -> None:
    creditor = uuid4()
    rows = [{"creditor_id": creditor, "order": f"{n * 7919 % 3001}"} for n in range(3000)]
    async with open_transaction(kernel_engine, CLOCK) as tx:
        await insert_rows(tx, Pair, rows)
        stored = await load_rows(tx, Pair, "creditor_id", [creditor], order_by=["position desc"])
    assert [row["order"] for row in reversed(stored)] == [row["order"] for row in rows]


async def test_a_conflict_leaves_out_the_row_or_fails_as_asked(kernel_engine: AsyncEngine) -> None:
    creditor = uuid4()
    old = {"creditor_id": creditor, "order": "a", "value": 1}
    new = {"creditor_id": creditor, "order": "b", "value": 2}
    async with open_transaction(kernel_engine, CLOCK) as tx:
        await insert_rows(tx, Pair, [old])
        taken = await insert_rows(
            tx, Pair, [{**old, "value": 9}, new], on_conflict="nothing", returning=["order", "value"]
        )
        assert [tuple(row) for row in taken] == [("b", 2)]
        assert [row["value"] for row in await load_rows(tx, Pair, "order", ["a", "b"], order_by=["order"])] == [1, 2]
        assert await upsert_rows(tx, Pair, [{"creditor_id": creditor, "order": "a"}], key=["creditor_id", "order"]) == 0
        with pytest.raises(asyncpg.UniqueViolationError):
            await insert_rows(tx, Pair, [old])


async def test_nothing_is_asked_of_the_server_for_no_rows(kernel_engine: AsyncEngine) -> None:
    async with open_transaction(kernel_engine, CLOCK) as tx:
        assert await insert_rows(tx, Pair, [], returning=["order"]) == []
        assert await update_rows(tx, Pair, [], key=["creditor_id"]) == 0
        assert await upsert_rows(tx, Pair, [], key=["creditor_id"]) == 0
        assert await load_rows(tx, Pair, "creditor_id", []) == []


async def test_a_value_too_long_is_refused_and_never_cut(kernel_engine: AsyncEngine) -> None:
    row = {"specimen_id": uuid4(), "amount_minor": 1, "is_open": True}
    for too_long in ({"currency": "USDX", "name": "x"}, {"currency": "USD", "name": "x" * 21}):
        async with open_transaction(kernel_engine, CLOCK) as tx:
            with pytest.raises(asyncpg.StringDataRightTruncationError):
                await insert_rows(tx, Specimen, [{**row, **too_long}])


async def test_rows_that_do_not_fit_together_are_refused(kernel_engine: AsyncEngine) -> None:
    a, b = {"creditor_id": uuid4(), "order": "a", "value": 1}, {"creditor_id": uuid4(), "order": "b"}
    async with open_transaction(kernel_engine, CLOCK) as tx:
        with pytest.raises(ValueError, match="same columns"):
            await insert_rows(tx, Pair, [a, b])
        with pytest.raises(KeyError):
            await insert_rows(tx, Pair, [{"no_such_column": 1}])
        for write in (update_rows, upsert_rows):
            with pytest.raises(ValueError, match="repeat a key"):
                await write(tx, Pair, [a, {**a, "value": 2}], key=["creditor_id", "order"])
            with pytest.raises(KeyError):
                await write(tx, Pair, [b], key=["no_such_column"])
        with pytest.raises(ValueError, match="besides its key"):
            await update_rows(tx, Pair, [b], key=["creditor_id", "order"])
        with pytest.raises(ValueError, match="no ordering"):
            await load_rows(tx, Pair, "creditor_id", [uuid4()], order_by=["value; DROP TABLE pair"])
        with pytest.raises(KeyError):
            await load_rows(tx, Pair, "creditor_id", [uuid4()], order_by=["DROP"])


async def test_the_sql_of_a_table_and_its_columns_is_built_once(kernel_engine: AsyncEngine) -> None:
    from shared.db import sets  # noqa: PLC0415 - only this test looks inside

    async with open_transaction(kernel_engine, CLOCK) as tx:
        for n in range(3):
            await insert_rows(tx, MESSAGING.inbox, [{"event_id": uuid4(), "source": f"/{n}"}], on_conflict="nothing")
    before = sets._insert_sql.cache_info()
    async with open_transaction(kernel_engine, CLOCK) as tx:
        await insert_rows(tx, MESSAGING.inbox, [{"event_id": uuid4(), "source": "/x"}], on_conflict="nothing")
    assert sets._insert_sql.cache_info().misses == before.misses
