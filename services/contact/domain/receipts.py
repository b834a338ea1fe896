"""What becomes of a message after it was handed over: the words of text gateways, mail systems and print vendors.

A receipt that comes late, or twice, changes nothing: only a message that is `sent` moves on. But an e-mail or a letter
may come back days after it was told of as delivered, and that is learnt (`message.is_late_return`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from services.contact.domain.message import RETURNS
from services.contact.domain.refusals import NO_NUMBER, NO_TEXTS, OPTED_OUT

ReceiptStatus = Literal["delivered", "bounced", "undeliverable", "opted_out", "failed"]

_GATEWAY_STATUS: Final[dict[str, ReceiptStatus]] = {
    "delivered": "delivered",
    "undelivered": "undeliverable",
    "failed": "failed",
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What somebody says became of a message; `ref` is the gateway's own id, else `message_id` names it."""

    channel: str
    ref: str
    status: ReceiptStatus
    reason: str | None
    at: datetime
    is_permanent: bool = False


def gateway_receipt(ref: str, status: str, error_code: str | None, at: datetime) -> Receipt | None:
    """The receipt of a text gateway, or None for a word that only says that it is on its way."""
    known = _GATEWAY_STATUS.get(status)
    if known is None:
        return None
    reason = f"gateway-{error_code}" if error_code else None
    if error_code in OPTED_OUT:
        return Receipt("sms", ref, "opted_out", reason, at)
    if error_code in NO_TEXTS:
        return Receipt("sms", ref, "undeliverable", reason, at)
    if error_code in NO_NUMBER:
        return Receipt("sms", ref, "bounced", reason, at, is_permanent=True)
    return Receipt("sms", ref, known, reason, at)


def decisive(receipts: Iterable[Receipt]) -> list[Receipt]:
    """Of the receipts of each message the one that counts: a return before all else, else the first that came."""
    told: dict[tuple[str, str], list[Receipt]] = {}
    for one in receipts:
        told.setdefault((one.channel, one.ref), []).append(one)
    return [max(several, key=_weight) for several in told.values()]


def _weight(receipt: Receipt) -> int:
    if receipt.channel == "sms" or receipt.status not in RETURNS:
        return 0
    return 2 if receipt.is_permanent else 1
