"""Field visits: ordered, begun at the door under a permit, or cancelled."""

from uuid import UUID

from services.contact.domain.field_visit import FieldVisitStatus, may_become
from services.contact.domain.placing import Placing, check_parts
from services.contact.handlers.actor import Actor
from services.contact.handlers.place_attempts import PlaceAttempt, Placed, place_attempts
from services.contact.schemas.field_visits import FieldVisitRequest
from services.contact.store.cases import load_debts
from services.contact.tables.attempts import FIELD_VISIT
from shared.db.locks import lock
from shared.db.sets import insert_rows, load_rows, update_rows
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.ids import new_id


async def order_visit(tx: Tx, actor: Actor, request: FieldVisitRequest) -> UUID | Refusal:
    """Order a visit; return its id. Refuses: `account-unknown`, `party-not-on-account`."""
    debts = await load_debts(tx, request.account_ids)
    if len(debts) < len(set(request.account_ids)) or not all(
        actor.may_see(debt.creditor_id) for debt in debts.values()
    ):
        return Refusal("account-unknown", "There is no such account.", "account_ids")
    if (refusal := check_parts(request.party_id, list(debts.values()))) is not None:
        return refusal
    field_visit_id = new_id()
    row = {
        "field_visit_id": field_visit_id,
        "creditor_id": debts[request.account_ids[0]].creditor_id,
        "party_id": request.party_id,
        "account_ids": list(request.account_ids),
        "contact_point_id": request.contact_point_id,
        "scheduled_on": request.scheduled_on,
        "status": "ordered",
        "ordered_at": tx.clock.now(),
        "ordered_by": actor.sub,
    }
    await insert_rows(tx, FIELD_VISIT, [row])
    return field_visit_id


async def find_visit(tx: Tx, actor: Actor, field_visit_id: UUID, target: FieldVisitStatus) -> Placing | Refusal:
    """The contact that a visit is, if it may go on so. Refuses: `field-visit-unknown`, `transition-refused`."""
    rows = await load_rows(tx, FIELD_VISIT, "field_visit_id", [field_visit_id])
    if not rows or not actor.may_see(rows[0]["creditor_id"]):
        return Refusal("field-visit-unknown", "There is no such field visit.")
    row = rows[0]
    if not may_become(row["status"], target):
        return Refusal("transition-refused", f"The visit is {row['status']}.")
    return Placing(row["party_id"], tuple(row["account_ids"]), "in_person", row["contact_point_id"], "collection")


async def begin_visit(tx: Tx, actor: Actor, field_visit_id: UUID, command: PlaceAttempt) -> Placed | Refusal:
    """Place the attempt of a visit and begin it, in one transaction. Refuses as `find_visit` and `place_attempts`."""
    await lock(tx, creditors=[command.creditor_id], accounts=[field_visit_id, command.placing.party_id])
    found = await find_visit(tx, actor, field_visit_id, "begun")
    if isinstance(found, Refusal):
        return found
    placed = (await place_attempts(tx, [command]))[0]
    if isinstance(placed, Placed):
        await _set(tx, {"field_visit_id": field_visit_id, "status": "begun", "attempt_id": command.attempt_id})
    return placed


async def cancel_visit(tx: Tx, actor: Actor, field_visit_id: UUID) -> UUID | Refusal:
    """Cancel a visit that has not begun. Refuses as `find_visit`."""
    await lock(tx, accounts=[field_visit_id])
    found = await find_visit(tx, actor, field_visit_id, "cancelled")
    if isinstance(found, Refusal):
        return found
    await _set(tx, {"field_visit_id": field_visit_id, "status": "cancelled"})
    return field_visit_id


async def _set(tx: Tx, row: dict[str, object]) -> None:
    await update_rows(tx, FIELD_VISIT, [row], key=["field_visit_id"])
