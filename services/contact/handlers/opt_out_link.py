"""An opt-out link was used: no more messages by the channel of that message go to its address, whoever has it."""

from uuid import UUID

from services.contact.domain.contact_points import KIND_OF, value_key
from services.contact.handlers.marks import OptOutSaid, opt_out
from services.contact.store.messages import load_messages
from shared.db.locks import lock
from shared.db.transaction import Tx


async def opt_out_by_link(tx: Tx, message_id: UUID) -> bool:
    """Keep the opt-out; False when the message, or its address, is no longer here."""
    row = (await load_messages(tx, [message_id])).get(message_id)
    if row is None or not row["recipient"]:
        return False
    points = [] if row["contact_point_id"] is None else [row["contact_point_id"]]
    await lock(tx, creditors=[row["creditor_id"]], accounts=points)
    kind = KIND_OF[row["channel"]]
    key = value_key(kind, row["recipient"])
    await opt_out(tx, [OptOutSaid(row["channel"], kind, key, "link", tx.clock.now(), message_id)])
    return True
