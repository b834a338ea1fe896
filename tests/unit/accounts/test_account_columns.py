"""The columns of an account: each is saved when it changes, or is written by somebody else who is named here."""

from services.accounts.store.accounts import _DESCRIBED, _MOVED
from services.accounts.tables.accounts import ACCOUNT

_IDENTITY = {"creditor_id", "core_account_number", "currency"}
_WRITTEN_BY_OTHERS = {
    "paused", "restrictions", "restricted_since", "restrictions_turn_on", "ended_by", "ended_on",
    "calling_group", "escalated_at",
}  # fmt: skip
"""By pauses, restrictions, the party and the work list."""


def test_every_column_that_is_computed_is_saved_when_it_changes() -> None:
    # A column in neither list was once published and not stored.
    saved = {*_DESCRIBED, *_MOVED}
    assert saved == set(ACCOUNT.columns.keys()) - _IDENTITY - _WRITTEN_BY_OTHERS
    assert len(saved) == len(_DESCRIBED) + len(_MOVED)
