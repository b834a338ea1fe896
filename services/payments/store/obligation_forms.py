"""Promises and arrangements between their three forms: rows of the store, terms of the domain, published state.

Plain mappings without decisions. A judged row holds the columns that a judgement may change, and the key.
"""

from datetime import date
from uuid import UUID

from services.payments.domain.account_case import REQUEST, Verdict
from services.payments.domain.arrangement import ArrangementTerms, Installment, installment_states
from services.payments.domain.counting import Start
from services.payments.domain.promise import PromiseTerms
from services.payments.store.obligations import Row
from shared.events.payments import ArrangementState, InstallmentState, PromiseState


def promise_terms(row: Row) -> PromiseTerms:
    """The terms of a promise, from its row."""
    return PromiseTerms(
        row["promise_id"],
        row["amount_minor"],
        row["due_on"],
        Start(row["made_on"], row["made_at"]),
        row["tolerance_minor"],
        row["grace_days"],
        _cancelled_by_request(row),
    )


def arrangement_terms(row: Row) -> ArrangementTerms:
    """The terms of an arrangement, from its row; its window and payoff are for the case to fill in."""
    return ArrangementTerms(
        row["arrangement_id"],
        tuple(Installment(due_on, amount) for due_on, amount in zip(row["due_ons"], row["amounts"], strict=True)),
        Start(row["made_on"], row["made_at"]),
        row["tolerance_minor"],
        row["grace_days"],
        is_approved=row["approved_at"] is not None,
        cancelled_on=_cancelled_by_request(row),
    )


def _cancelled_by_request(row: Row) -> date | None:
    """The one cancel that is a fact; all others are judged anew each time."""
    cancelled_on: date | None = row["cancelled_on"]
    return cancelled_on if row["cancel_reason"] == REQUEST else None


def _request(row: Row) -> str | None:
    return REQUEST if row["cancel_reason"] == REQUEST else None


def activations(arrangements: list[Row]) -> list[Start]:
    """When arrangements became active."""
    return [Start(row["activated_on"], row["approved_at"]) for row in arrangements if row["approved_at"] is not None]


def starts(promises: list[Row], arrangements: list[Row]) -> list[Start]:
    """Every start by which money is told apart: of promises, of arrangements, and of their activations."""
    made = [Start(row["made_on"], row["made_at"]) for row in (*promises, *arrangements)]
    return made + activations(arrangements)


def made_charged_off(promises: list[Row], arrangements: list[Row]) -> set[UUID]:
    """What was made on an account that was charged off already, by its id."""
    found = {row["promise_id"] for row in promises if row["made_charged_off"]}
    return found | {row["arrangement_id"] for row in arrangements if row["made_charged_off"]}


def judged_promise(row: Row, verdict: Verdict) -> Row:
    """The columns of a promise that a verdict decides on."""
    terms, standing = verdict.promises[row["promise_id"]]
    return {
        "promise_id": row["promise_id"],
        "cancelled_on": terms.cancelled_on,
        "cancelled_by": row["cancelled_by"],
        "cancel_reason": verdict.cancelled.get(row["promise_id"], _request(row)),
        "status": standing.status,
        "paid_minor": standing.paid_minor,
        "resolved_on": standing.resolved_on,
        "next_review_on": standing.next_review_on,
        "version": row["version"],
    }


def judged_arrangement(row: Row, verdict: Verdict) -> Row:
    """The columns of an arrangement that a verdict decides on."""
    terms, standing = verdict.arrangements[row["arrangement_id"]]
    next_start = terms.superseded_by
    return {
        "arrangement_id": row["arrangement_id"],
        "approved_at": row["approved_at"],
        "approved_by": row["approved_by"],
        "activated_on": row["activated_on"],
        "superseded_on": next_start.made_on if next_start else None,
        "superseded_at": next_start.made_at if next_start else None,
        "cancelled_on": terms.cancelled_on,
        "cancelled_by": row["cancelled_by"],
        "cancel_reason": verdict.cancelled.get(row["arrangement_id"], _request(row)),
        "paid_off_on": terms.paid_off_on,
        "status": standing.status,
        "paid_minor": standing.paid_minor,
        "next_due_on": standing.next_due_on,
        "resolved_on": standing.resolved_on,
        "next_review_on": standing.next_review_on,
        "version": row["version"],
    }


def promise_state(row: Row) -> PromiseState:
    """The published state of a promise."""
    names = PromiseState.model_fields
    return PromiseState(**{name: value for name, value in row.items() if name in names})


def arrangement_state(row: Row, verdict: Verdict, business_date: date) -> ArrangementState:
    """The published state of an arrangement, its instalments as of the business date judged."""
    terms, standing = verdict.arrangements[row["arrangement_id"]]
    names = ArrangementState.model_fields
    return ArrangementState(
        **{name: value for name, value in row.items() if name in names},
        installments=tuple(
            InstallmentState(due_on=one.due_on, amount_minor=one.amount_minor, paid_minor=paid, status=status)
            for one, paid, status in installment_states(terms, standing, business_date)
        ),
    )
