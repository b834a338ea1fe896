"""The exception tree, and the one registry of the codes that a client may see.

A domain refuses by returning a `Refusal`, a value; the edge turns it into a `Problem`, which becomes problem+json.
A code is stable: it keeps its name, its status and its meaning.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class ArrearsError(Exception):
    """The root of every exception that this project raises on purpose."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a command was not done: a value, so that one item of a batch is refused and its neighbours are not.

    `code` stands in `PROBLEMS`; `detail` is for a person and holds no personal data; `field` names the input at fault.
    """

    code: str
    detail: str
    field: str | None = None

    def __post_init__(self) -> None:
        if self.code not in PROBLEMS:
            raise KeyError(f"{self.code!r} is not registered in shared.errors.PROBLEMS")


class Problem(ArrearsError):  # noqa: N818 - the name of the thing in RFC 9457
    """An answer that is not a success. Its status defaults to the registered status of its code."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        status: int | None = None,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        registered, title = PROBLEMS[code]
        self.code = code
        self.status = registered if status is None else status
        self.title = title
        self.detail = detail
        self.field = field
        self.headers = dict(headers or {})
        if code in RETRY_AFTER_S:
            self.headers.setdefault("Retry-After", str(RETRY_AFTER_S[code]))
        self.members = dict(members or {})
        """More members of the answer (RFC 9457, 3.2), such as the `rules` of a contact that is blocked."""

    @classmethod
    def of(cls, refusal: Refusal) -> "Problem":
        """Return the problem that answers a refused command."""
        return cls(refusal.code, refusal.detail, field=refusal.field)


PROBLEMS: dict[str, tuple[int, str]] = {
    # The edge
    "validation-error": (422, "The request does not match its schema"),
    "card-number-refused": (422, "No card number is ever accepted"),
    "malformed-request": (400, "The request cannot be read"),
    "unauthenticated": (401, "No valid access token"),
    "forbidden": (403, "The token does not allow this"),
    "not-found": (404, "There is no such thing, or the token may not see it"),
    "method-not-allowed": (405, "The path does not take this method"),
    "unsupported-media-type": (415, "The content type is not taken here"),
    "body-too-large": (413, "The body is larger than allowed"),
    "cursor-invalid": (400, "The cursor was not made by this list"),
    "idempotency-key-required": (400, "This call needs an Idempotency-Key"),
    "idempotency-key-invalid": (400, "The Idempotency-Key is malformed"),
    "idempotency-key-reused": (422, "The Idempotency-Key was used with another body"),
    "idempotency-key-in-flight": (409, "A request with this Idempotency-Key is still running"),
    "precondition-required": (428, "This update needs If-Match"),
    "precondition-failed": (412, "The object has changed since it was read"),
    "busy": (503, "The service is at its limit; try again"),
    "unavailable": (503, "A part that this call needs does not answer"),
    "internal-error": (500, "The service failed; the failure is logged"),
    "same-person": (403, "Nobody approves their own proposal"),
    # Creditors, business dates, imports
    "creditor-unknown": (404, "There is no such creditor"),
    "currency-change": (409, "A creditor with accounts keeps its currency"),
    "aging-policy-invalid": (422, "The first days of the stages must rise"),
    "time-zone-unknown": (422, "The time zone is not in the IANA database"),
    "business-date-in-past": (422, "The business date never moves back"),
    "business-date-in-future": (422, "The business date never passes today in the creditor's zone"),
    "business-date-unset": (409, "The creditor has no business date yet; import a snapshot first"),
    "import-unknown": (404, "There is no such import"),
    "header-invalid": (422, "The header of the file is not the one that is documented"),
    "file-truncated": (422, "The last line of the file is not complete"),
    "oldest-unpaid-due-on-required": (422, "A past-due amount needs the date that it is due since"),
    "oldest-unpaid-due-on-not-past": (422, "The oldest unpaid due date must lie before the business date"),
    "charged-off-on-in-future": (422, "A charge-off is not after the business date of its snapshot"),
    "account-duplicate": (422, "The account stands twice in one file"),
    "currency-mismatch": (422, "The currency is not the account's"),
    # Accounts and work
    "account-unknown": (404, "There is no such account"),
    "as-of-in-future": (422, "The date lies after the business date"),
    "as-of-before-history": (422, "The date lies before the first snapshot"),
    "pause-unknown": (404, "There is no such pause"),
    "pause-empty": (422, "A pause must end after the day on which it starts"),
    "queue-unknown": (404, "There is no such queue"),
    "predicate-invalid": (422, "The predicate of the queue cannot be read"),
    "predicate-too-large": (422, "The definition holds too many conditions"),
    "predicate-field-unknown": (422, "The predicate asks about a field that is not in the vocabulary"),
    "predicate-operator-invalid": (422, "The field does not take this operator"),
    "predicate-value-invalid": (422, "The field does not take this value"),
    "priority-invalid": (422, "The priority of the queue cannot be read"),
    "queue-code-invalid": (422, "The code of a queue is lower-case letters, digits and _"),
    "queue-definition-invalid": (422, "The definition of the queue cannot be read"),
    "queue-limit-reached": (409, "There are as many queues as there may be"),
    "rank-taken": (409, "Another queue has this rank"),
    "work-item-unknown": (404, "There is no such work item"),
    "work-item-superseded": (409, "The account has left the queue"),
    "not-lease-holder": (409, "Someone else holds the work item"),
    "snooze-in-past": (422, "The item is snoozed until a moment that has passed"),
    "follow-up-in-past": (422, "The follow-up lies before the business date"),
    # Payments
    "payment-unknown": (404, "There is no such payment"),
    "source-ref-conflict": (409, "The source reference was used for another payment"),
    "effective-date-in-future": (422, "The effective date lies after the business date and after today"),
    "posted-date-in-future": (422, "The booking date lies after the business date and after today"),
    "allocation-mismatch": (422, "The allocation does not sum to the payment"),
    "payment-not-posted": (409, "The payment is not posted"),
    "payment-already-reversed": (409, "The payment was reversed before"),
    "reversal-mismatch": (422, "The reversal does not name its payment's account, amount or currency"),
    "nacha-file-unknown": (404, "There is no such Nacha file"),
    "nacha-file-invalid": (422, "The Nacha file is broken; nothing of it was applied"),
    # Promises and arrangements
    "promise-unknown": (404, "There is no such promise"),
    "arrangement-unknown": (404, "There is no such arrangement"),
    "account-not-here": (409, "The account has not arrived here yet; try again"),
    "arrangement-open": (409, "The account has an open arrangement"),
    "due-on-in-past": (422, "A due date lies before the business date"),
    "schedule-invalid": (422, "The schedule cannot be built from these terms"),
    "authority-exceeded": (403, "The terms are beyond the authority of this role"),
    "account-not-eligible": (409, "The account's state does not allow this"),
    "transition-refused": (409, "The state does not allow this step"),
    # Contacts
    "contact-blocked": (403, "A rule forbids this contact"),
    "compliance-unavailable": (503, "Compliance does not answer, and without it no contact is made"),
    "permit-used": (409, "The permit was used before"),
    "party-unknown": (404, "There is no such party"),
    "party-not-on-account": (422, "The party is not a debtor of this account"),
    "contact-point-unknown": (404, "There is no such contact point"),
    "contact-point-mismatch": (422, "The contact point is not the party's, or not of this channel"),
    "channel-not-configured": (409, "This deployment has no way to send by this channel"),
    "attempt-unknown": (404, "There is no such contact attempt"),
    "attempt-given-up": (409, "The contact attempt was reported as not placed"),
    "attempt-closed": (409, "The contact attempt has its outcome"),
    "verification-required": (409, "The right party was not verified in this contact"),
    "result-code-invalid": (422, "The result code does not fit this contact"),
    "debts-discussed-invalid": (422, "The debts discussed do not fit this result"),
    "next-step-required": (422, "A talk with the right party ends with a next step"),
    "next-step-invalid": (422, "The next step does not fit this result"),
    "next-step-unavailable": (503, "The service that carries out the next step does not answer"),
    "callback-unknown": (404, "There is no such callback"),
    "callback-in-past": (422, "A callback lies before now"),
    "contact-message-unknown": (404, "There is no such message"),
    "template-unknown": (404, "There is no such template"),
    "template-invalid": (422, "The template cannot be read or filled in"),
    "signature-invalid": (401, "The request is not signed as it must be"),
    "dial-list-unknown": (404, "There is no such dial list"),
    "dial-record-unknown": (404, "There is no such record on the dial list"),
    "dial-record-used": (409, "The record was dialled, or may not be dialled any more"),
    "field-visit-unknown": (404, "There is no such field visit"),
    # Skip tracing
    "skip-trace-unknown": (404, "There is no such skip trace"),
    "skip-trace-open": (409, "A skip trace of this party is open"),
    "skip-trace-restricted": (409, "A restriction forbids searching for this party"),
    "purpose-not-permissible": (422, "The law does not permit a search for this purpose"),
    "candidate-unknown": (404, "There is no such candidate"),
    "vendor-unknown": (404, "There is no such vendor"),
    "vendor-layout-invalid": (422, "The layout of the vendor cannot be read"),
    "location-inquiry-unknown": (404, "There is no such location inquiry"),
    "location-inquiry-blocked": (403, "A rule forbids asking this person"),
    "location-inquiry-reported": (409, "The outcome of the inquiry stands"),
    # Compliance
    "party-not-here": (409, "The party has not arrived here yet; try again"),
    "accounts-of-several-creditors": (422, "The accounts are not all of one creditor"),
    "decision-unknown": (404, "There is no such decision"),
    "restriction-unknown": (404, "There is no such restriction"),
    "consent-unknown": (404, "There is no such consent"),
    "consent-details-mismatch": (422, "The basis of the consent needs other details"),
    "flags-unknown": (404, "Nothing is known of this contact point besides"),
    "preference-unknown": (404, "There is no such preference"),
    "preference-mismatch": (422, "A preference is exactly one of a time, a place and a location"),
    "dispute-unknown": (404, "There is no such dispute"),
    "representation-unknown": (404, "There is no such representation"),
    "complaint-unknown": (404, "There is no such complaint"),
    "rule-pack-unknown": (404, "There is no such pack of rules"),
    "policy-unknown": (404, "There is no such policy rule"),
    # Messages
    "message-undecodable": (422, "The message cannot be decoded"),
    "message-invalid": (422, "The message does not match the schema of its topic"),
    "handler-failed": (500, "The handler failed on this message alone"),
    "partition-stopped": (500, "Too many messages of the partition failed in a row; it is tried again by itself"),
}
"""Every code: its HTTP status and its title. Add a code here before using it; each stands once."""

RETRY_AFTER_S: dict[str, int] = {
    "busy": 1,
    "idempotency-key-in-flight": 1,
    # What is on its way here from another service
    "account-not-here": 2,
    "party-not-here": 2,
    # A part that may be starting
    "compliance-unavailable": 2,
    "next-step-unavailable": 2,
}
"""Seconds after which it is worth to try again, where nothing else is known: the `Retry-After` of the answer."""
