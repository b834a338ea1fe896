"""Saves cases, candidates and what is published of them: one statement for each table."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.skiptrace.tables.cases import CANDIDATE, COST_ENTRY, EVIDENCE, FOUND, SEARCH, SIGHTING, SKIP_TRACE
from shared.db.sets import insert_rows, update_rows, upsert_rows
from shared.db.transaction import Tx

Row = Mapping[str, Any]


async def insert_traces(tx: Tx, rows: Sequence[Row]) -> None:
    """Open cases."""
    await insert_rows(tx, SKIP_TRACE, rows)


async def update_traces(tx: Tx, rows: Sequence[Row]) -> None:
    """Save how cases stand now."""
    await update_rows(tx, SKIP_TRACE, rows, key=["skip_trace_id"])


async def save_searches(tx: Tx, rows: Sequence[Row]) -> None:
    """Save searches that go out, or go out again."""
    await upsert_rows(tx, SEARCH, rows, key=["search_id"])


async def answer_search(tx: Tx, row: Row) -> None:
    """Save what became of a search."""
    await update_rows(tx, SEARCH, [row], key=["search_id"])


async def add_costs(tx: Tx, rows: Sequence[Row]) -> None:
    """Add lines to the cost ledger; one that stands there already stays."""
    await insert_rows(tx, COST_ENTRY, rows, on_conflict="nothing")


async def insert_candidates(tx: Tx, rows: Sequence[Row]) -> None:
    """Keep contact points that are named for the first time."""
    await insert_rows(tx, CANDIDATE, rows)


async def update_candidates(tx: Tx, rows: Sequence[Row]) -> None:
    """Save how candidates stand now."""
    await update_rows(tx, CANDIDATE, rows, key=["contact_point_id"])


async def add_sightings(tx: Tx, rows: Sequence[Row]) -> None:
    """Keep what a source says; what it said before stays."""
    await insert_rows(tx, SIGHTING, rows, on_conflict="nothing")


async def save_found(tx: Tx, rows: Sequence[Row]) -> None:
    """Save the versions of what is published as found."""
    await upsert_rows(tx, FOUND, rows, key=["party_id"])


async def insert_evidence(tx: Tx, row: Row) -> None:
    """Keep a finding."""
    await insert_rows(tx, EVIDENCE, [row])
