"""The routes of every kind of record do the same: make one, show one with its `ETag`, list them, change one.

`Records` is that for one kind; a route says what it takes and which command it is.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from fastapi import Response

from services.compliance.queries.records import Reads
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.http.auth import Principal
from shared.http.etag import set_etag
from shared.http.idempotency import IdempotencyKey
from shared.http.openapi import headers
from shared.http.pagination import Page, decode_cursor, encode_cursor, page_of
from shared.http.routes import run_and_show, seen, visible
from shared.http.transaction import Edge

ABOUT_A_PARTY = ("party-not-here", "account-not-here", "party-unknown", "accounts-of-several-creditors")
"""What every command about a party may be refused with: see `handlers.subject.lock_party`."""
MADE = headers("ETag", "Location")
"""What the answer of `Records.make` carries."""
ETAGGED = headers("ETag")
"""What the answers of `Records.change` and `Records.show` carry."""
Command = Callable[[Tx], Awaitable[UUID | Refusal]]


V = TypeVar("V", bound=Any)
"""The view of a record: of one `creditor_id`, at a `version`, its id `<name>_id`."""


@dataclass(frozen=True, slots=True)
class Records(Generic[V]):
    """One kind of record under `/v1/<name>s`, read by `reads`."""

    reads: Reads[V]

    async def make(
        self, edge: Edge, response: Response, principal: Principal, key: IdempotencyKey | None, command: Command
    ) -> V:
        """Run a command that makes one, and show it; `Location` says where it is."""
        made: V = await run_and_show(
            edge,
            command,
            self.reads.get,
            principal=principal,
            idempotency=key,
            location=self._location,
            response=response,
        )
        return self._tagged(made, response)

    async def change(
        self, edge: Edge, response: Response, principal: Principal, key: IdempotencyKey | None, command: Command
    ) -> V:
        """Run a command that changes one, and show it."""
        changed: V = await run_and_show(edge, command, self.reads.get, principal=principal, idempotency=key)
        return self._tagged(changed, response)

    async def show(self, edge: Edge, response: Response, principal: Principal, record_id: UUID) -> V:
        """Show one; `<name>-unknown` where there is none that the token reaches."""
        found = await edge.read(lambda tx: self.reads.get(tx, record_id))
        return self._tagged(visible(found, principal, self.reads.name), response)

    async def page(self, edge: Edge, principal: Principal, limit: int, cursor: str | None, **filters: Any) -> Page[V]:
        """List those that the token reaches, newest first. Filters that are None ask for nothing."""
        before = decode_cursor(cursor, UUID)[0] if cursor else None
        rows = await edge.read(
            lambda tx: self.reads.page(tx, limit=limit + 1, before=before, creditors=seen(principal), **filters)
        )
        return page_of(rows, limit, lambda view: encode_cursor(self._id(view)))

    def _tagged(self, view: V, response: Response) -> V:
        set_etag(response, view.version)
        return view

    def _id(self, view: V) -> str:
        return str(getattr(view, f"{self.reads.name}_id"))

    def _location(self, view: V) -> str:
        return f"/v1/{self.reads.name}s/{self._id(view)}"
