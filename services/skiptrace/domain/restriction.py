"""What compliance publishes of restrictions, as far as a search asks: on which days one holds. Pure."""

from datetime import date


def holds_on(day: date, *, status: str, effective_on: date | None, ends_on: date | None) -> bool:
    """Whether a restriction holds on a day of the creditor's calendar, its first and its last among them (adr 20).

    `status` is as it was published: nothing is published when a day begins, so the dates say the rest. Without its
    dates (kept before they were) it holds as published.
    """
    if effective_on is None:
        return status in {"placed", "active"}
    return status != "lifted" and effective_on <= day and (ends_on is None or day <= ends_on)
