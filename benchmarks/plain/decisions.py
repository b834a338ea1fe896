"""Deciding on contacts the plain way. `python -m benchmarks.plain.decisions PORT` serves it.

FastAPI and an SQLModel session: the party locked, every row loaded as an object, a commit for each decision. The rules,
and the making of facts from rows, are those of the service.
"""

import os
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import httpx
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import text
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.compliance.domain import facts as f
from services.compliance.domain.decide import decide
from services.compliance.schemas.decisions import DecisionAnswer, DecisionRequest, PermitOut, RuleOut
from services.compliance.store import choice_forms, fact_forms, point_forms
from services.compliance.store.shipped import shipped_rules
from services.compliance.tables.choices import Consent, Preference
from services.compliance.tables.decisions import Decision, Permit
from services.compliance.tables.holds import Dispute, Representation, Restriction
from services.compliance.tables.views import (
    AccountView,
    Attempt,
    BouncedMessage,
    ContactPoint,
    CreditorView,
    PartyView,
    PointMark,
)
from shared.clock import SystemClock
from shared.db.engine import engine_for
from shared.http.roles import scopes_of
from shared.ids import lock_key, new_id

_POOL = 32
_TTL = timedelta(seconds=120)
_BOOK = shipped_rules()
_CLOCK = SystemClock()
app = FastAPI()
_engine = engine_for(os.environ["COMPLIANCE_DATABASE_URL"], pool_size=_POOL, application_name="plain")
_keys: list[KeySet] = []


async def _session() -> AsyncIterator[AsyncSession]:
    async with AsyncSession(_engine) as session:
        yield session


async def _subject(request: Request) -> str:
    if not _keys:
        async with httpx.AsyncClient() as client:
            _keys.append(KeySet.import_key_set((await client.get(os.environ["COMPLIANCE_JWKS_URL"])).json()))
    token = request.headers["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, _keys[0], algorithms=["EdDSA", "ES256", "RS256"]).claims
    if "permits:request" not in scopes_of(frozenset(claims["roles"])):
        raise HTTPException(403)
    return str(claims["sub"])


@app.post("/v1/contact-decisions")
async def decide_contact(
    asked: DecisionRequest,
    session: Annotated[AsyncSession, Depends(_session)],
    subject: Annotated[str, Depends(_subject)],
) -> DecisionAnswer:
    """Decide on a contact and reserve it."""
    for key in sorted({lock_key(asked.party_id), *map(lock_key, asked.account_ids)}):
        await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
    now = _CLOCK.now()
    request = f.Request(
        asked.party_id,
        asked.account_ids,
        f.Channel(asked.channel),
        asked.contact_point_id,
        f.Purpose(asked.purpose),
        now,
    )
    facts, creditor = await _facts(session, request, now)
    made = decide(request, facts, _BOOK)
    permit_id, decision_id = new_id(), new_id()
    answer = DecisionAnswer(
        decision_id=decision_id,
        outcome=made.outcome.value,
        not_before=made.not_before,
        permit=PermitOut(id=permit_id, expires_at=now + _TTL),
        disclosures=made.disclosures,
        language=made.language,
        missing=made.missing,
        zones=made.zones,
        jurisdictions=made.jurisdictions,
        rules=tuple(
            RuleOut(
                id=rule.rule_id,
                version=rule.version,
                citation=rule.citation,
                result=finding.result.value,
                outcome=outcome.value,
                not_before=finding.not_before,
                facts=dict(finding.facts),
            )
            for rule, finding, outcome in made.rules
        ),
        at=now,
        made_at=now,
        is_dry_run=False,
    )
    shared = {
        "creditor_id": creditor, "party_id": asked.party_id, "account_ids": list(asked.account_ids),
        "channel": asked.channel, "contact_point_id": asked.contact_point_id, "permit_id": permit_id,
    }  # fmt: skip
    session.add(
        Decision(
            decision_id=decision_id, purpose=asked.purpose, direction=asked.direction, outcome=made.outcome.value,
            at=now, made_at=now, made_by=subject, is_dry_run=False, rules_sha256=b"", facts_sha256=b"",
            answer=answer.model_dump_json(), **shared,
        )
    )  # fmt: skip
    session.add(Permit(decision_id=decision_id, reserved_at=now, expires_at=now + _TTL, state="reserved", **shared))
    await session.commit()
    return answer


async def _facts(session: AsyncSession, request: f.Request, now: datetime) -> tuple[f.Facts, Any]:
    """The facts of one request, table by table."""

    async def rows(table: type[SQLModel], column: Any, value: Any) -> list[dict[str, Any]]:
        found: Sequence[Any] = (await session.exec(select(table).where(col(column) == value))).all()
        return [each.model_dump() for each in found]

    [account] = await rows(AccountView, AccountView.account_id, request.account_ids[0])
    [creditor] = await rows(CreditorView, CreditorView.creditor_id, account["creditor_id"])
    [party] = await rows(PartyView, PartyView.party_id, request.party_id)
    points = await rows(ContactPoint, ContactPoint.party_id, request.party_id)
    marks = await rows(PointMark, PointMark.party_id, request.party_id)
    chosen = await rows(Consent, Consent.party_id, request.party_id)
    preferences = await rows(Preference, Preference.party_id, request.party_id)
    attempts = await rows(Attempt, Attempt.party_id, request.party_id)
    tried = [each["attempt_id"] for each in attempts]
    bounced = (await session.exec(select(BouncedMessage).where(col(BouncedMessage.attempt_id).in_(tried)))).all()
    came_back = {each.attempt_id for each in bounced}
    permits = await rows(Permit, Permit.party_id, request.party_id)
    restrictions = await rows(Restriction, Restriction.party_id, request.party_id)
    representations = await rows(Representation, Representation.party_id, request.party_id)
    disputes = await rows(Dispute, Dispute.account_id, request.account_ids[0])
    times, places, stated = choice_forms.times_and_places(preferences)
    facts = f.Facts(
        creditor=f.Creditor(account["creditor_id"], fact_forms.role(creditor["kind"])),
        party=f.Party(party["party_id"], party["kind"], party["language"]),
        debts=(fact_forms.debt(account, now),),
        contact_points=tuple(
            point_forms.contact_point(
                [point],
                [mark for mark in marks if mark["contact_point_id"] == point["contact_point_id"]],
                None,
                (),
                None,
            )
            for point in points
        ),
        locations=(*stated, *point_forms.whereabouts(party, points, frozenset())),
        inconvenient_times=times,
        inconvenient_places=places,
        refusals=choice_forms.refusals(chosen, ()),
        restrictions=tuple(map(fact_forms.restriction, restrictions)),
        representations=tuple(map(fact_forms.representation, representations)),
        disputes=tuple(map(fact_forms.dispute, disputes)),
        consents=choice_forms.consents(chosen),
        attempts=tuple(
            fact_forms.attempt(each | {"recipient_id": None, "is_bounced": each["attempt_id"] in came_back})
            for each in attempts
        ),
        permits=tuple(fact_forms.permit(each) for each in permits if each["state"] == "reserved"),
    )
    return facts, account["creditor_id"]


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", http="httptools", log_level="warning")
