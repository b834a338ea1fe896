"""Placing contacts the plain way. `python -m benchmarks.plain.attempts PORT` serves it.

FastAPI and an SQLModel session: every row loaded as an object, compliance asked over HTTP, a commit for each attempt.
"""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from benchmarks.plain.outbox import CLOCK, publish
from services.contact.schemas.attempts import AttemptMade, AttemptRequest
from services.contact.tables.attempts import ContactAttempt
from services.contact.tables.parties import AccountView, ContactPoint, OptOut, PartyView, PointStanding
from services.contact.tables.registry import MESSAGING
from shared.db.engine import engine_for
from shared.events.contact import ContactAttempted
from shared.http.roles import scopes_of
from shared.ids import new_id

_POOL = 32
_engine = engine_for(os.environ["CONTACT_DATABASE_URL"], pool_size=_POOL, application_name="plain")
_keys: list[KeySet] = []
_tokens: list[str] = []


@asynccontextmanager
async def _running(app: FastAPI) -> AsyncIterator[None]:
    async with httpx.AsyncClient() as client:
        _keys.append(KeySet.import_key_set((await client.get(os.environ["CONTACT_JWKS_URL"])).json()))
        granted = await client.post(
            os.environ["CONTACT_TOKEN_URL"],
            data={"grant_type": "client_credentials"},
            auth=(os.environ["CONTACT_CLIENT_ID"], os.environ["CONTACT_CLIENT_SECRET"]),
        )
        _tokens.append(granted.json()["access_token"])
    async with httpx.AsyncClient(base_url=os.environ["CONTACT_COMPLIANCE_URL"], timeout=60) as client:
        app.state.compliance = client
        yield


app = FastAPI(lifespan=_running)


async def _session() -> AsyncIterator[AsyncSession]:
    async with AsyncSession(_engine) as session:
        yield session


async def _subject(request: Request) -> str:
    token = request.headers["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, _keys[0], algorithms=["EdDSA", "ES256", "RS256"]).claims
    if "contact:place" not in scopes_of(frozenset(claims["roles"])):
        raise HTTPException(403)
    return str(claims["sub"])


@app.post("/v1/contact-attempts", status_code=201)
async def place_attempt(
    asked: AttemptRequest,
    request: Request,
    session: Annotated[AsyncSession, Depends(_session)],
    subject: Annotated[str, Depends(_subject)],
    key: Annotated[str, Header(alias="Idempotency-Key")],
) -> AttemptMade:
    """Check, ask for a permit and place the contact."""
    account = await session.get(AccountView, asked.account_ids[0])
    party = await session.get(PartyView, asked.party_id)
    point = await session.get(ContactPoint, asked.contact_point_id)
    if account is None or party is None or point is None or account.party_id != asked.party_id:
        raise HTTPException(404)
    standing = await session.get(PointStanding, point.contact_point_id)
    refused = (await session.exec(select(OptOut).where(col(OptOut.value_key) == point.value_key))).all()
    if refused or account.past_due_minor <= 0 or (standing is not None and standing.invalid_at is not None):
        raise HTTPException(403, "contact-blocked")
    answer = await request.app.state.compliance.post(
        "/v1/contact-decisions",
        json={**asked.model_dump(mode="json"), "direction": "outbound"},
        headers={"Authorization": f"Bearer {_tokens[0]}", "Idempotency-Key": key},
    )
    decision = answer.raise_for_status().json()
    if decision["permit"] is None:
        raise HTTPException(403, "contact-blocked")
    now = CLOCK.now()
    attempt = ContactAttempt(
        attempt_id=new_id(), permit_id=decision["permit"]["id"], decision_id=decision["decision_id"],
        creditor_id=account.creditor_id, party_id=asked.party_id, account_ids=list(asked.account_ids),
        direction="outbound", channel=asked.channel, purpose=asked.purpose, contact_point_id=asked.contact_point_id,
        disclosures=list(decision["disclosures"]), status="placed", placed_at=now, placed_by=subject,
    )  # fmt: skip
    session.add(attempt)
    event = {name: getattr(attempt, name, None) for name in ContactAttempted.model_fields}
    event |= {"account_id": asked.account_ids[0], "at": now, "is_dialer": False}
    await publish(session, MESSAGING.outbox, "contact.attempted", ContactAttempted.model_validate(event))
    made = AttemptMade(
        attempt_id=attempt.attempt_id,
        permit_id=decision["permit"]["id"],
        decision_id=decision["decision_id"],
        placed_at=now,
        contact_value=point.value,
        disclosures=(),
    )
    await session.commit()
    return made


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", http="httptools", log_level="warning")
