"""Carries out next steps at the services that own them, under the caller's own token, and reads queues of accounts."""

from typing import Any
from uuid import UUID

from shared.errors import Problem
from shared.http.client import NoAnswerError, ServiceClient

_PAGE = 200
PATHS = {"promise": "/v1/promises", "arrangement": "/v1/arrangements", "dispute": "/v1/disputes"}


class Owners:
    """The services that carry out next steps: authority is the collector's, so their token goes along."""

    def __init__(self, *, payments: ServiceClient, compliance: ServiceClient) -> None:
        self._clients = {"promise": payments, "arrangement": payments, "dispute": compliance}

    async def carry_out(self, kind: str, body: dict[str, Any], *, token: str, key: str) -> UUID:
        """Make a promise, an arrangement or a dispute, and return its id.

        Raises:
            Problem: it was refused, in the words of its owner; or `next-step-unavailable`.
        """
        try:
            answer = await self._clients[kind].post(PATHS[kind], body, token=token, idempotency_key=key)
            return UUID(answer.body.get("id") or answer.body["dispute_id"])
        except (NoAnswerError, KeyError, ValueError, AttributeError) as error:
            raise Problem(
                "next-step-unavailable",
                f"The {kind} could not be made; the outcome is not stored. Send it again with the same key.",
            ) from error


class Queues:
    """The work queues of accounts, read in this service's own name."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def page(self, queue: str, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """Return a page of the work list of a queue, the best first, and the cursor of the next.

        Raises:
            Problem: `queue-unknown`, `cursor-invalid`.
            NoAnswerError: accounts does not answer.
        """
        params: dict[str, Any] = {"limit": _PAGE} | ({"cursor": cursor} if cursor else {})
        answer = await self._client.get(f"/v1/queues/{queue}/items", params=params)
        return answer.body["items"], answer.body["next_cursor"]
