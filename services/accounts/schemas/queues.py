"""HTTP models of queues: the definition as it is stored, with its depth, and the preview of a changed one."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, model_validator

from services.accounts.domain.predicates import FIELDS, OPERATORS

Json = dict[str, Any]
_ANSWERED = frozenset({"code", "depth", "past_due_minor", "past_due", "version"})
_PREDICATE = {
    "all": [{"field": "past_due_minor", "op": "gt", "value": 0}, {"field": "stage", "op": "eq", "value": "mid"}]
}


def _vocabulary() -> str:
    """The whole language of predicates, for the reader of the API: written from what the parser takes."""
    forms = '`{"all": [..]}`, `{"any": [..]}`, `{"not": {..}}` or `{"field": .., "op": .., "value": ..}`'
    lines = [f"Which accounts the queue wants: {forms}. A comparison with something unknown is false. Fields:", ""]
    for kind, operators in OPERATORS.items():
        names = ", ".join(f"`{field.name}`" for field in FIELDS.values() if field.kind is kind)
        lines.append(f"- {kind.value}: {names}; operators {', '.join(f'`{op}`' for op in sorted(operators))}")
    lines += ["", "`days_*` count to the creditor's business date. Of a set, `is_null` means empty."]
    return "\n".join(lines)


_VOCABULARY = _vocabulary()


class ReasonIn(BaseModel):
    """A code shown beside the items for whose account `when` holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(examples=["over_limit"])
    when: Json = Field(examples=[{"field": "over_limit_minor", "op": "gt", "value": 0}])


class QueueIn(BaseModel):
    """A queue as data: which accounts it wants, and in which order it offers them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(examples=["Mid: 30 days and more"])
    rank: StrictInt = Field(description="An account is in the matching queue of lowest rank.", examples=[110])
    predicate: Json = Field(
        description=_VOCABULARY,
        examples=[_PREDICATE],
    )
    offer_when: Json | None = Field(
        default=None, description="Items wait while this is false; absent: they never wait.", examples=[None]
    )
    priority: dict[str, StrictInt] = Field(
        default_factory=dict,
        description="Weights of balance_minor, past_due_minor and oldest_unpaid_due_on; the larger sum comes first.",
        examples=[{"past_due_minor": 1}],
    )
    reasons: list[ReasonIn] = Field(default_factory=list, description="Default: the code of the queue.")
    skills: list[str] = Field(default_factory=list, examples=[["spanish"]])
    keeps_calling_hours: StrictBool = Field(
        default=True,
        description="`next` offers an account only while its party may be called; false: work of the office.",
    )
    creditor_id: UUID | None = Field(default=None, description="Only accounts of this creditor; absent: of all.")

    @model_validator(mode="before")
    @classmethod
    def _take_what_was_read(cls, body: Any) -> Any:
        # A queue that was read, changed and sent back carries what only answers state.
        return {name: body[name] for name in body if name not in _ANSWERED} if isinstance(body, Mapping) else body


class AmountOut(BaseModel):
    """An amount in one currency."""

    model_config = ConfigDict(frozen=True)

    currency: str = Field(examples=["USD"])
    past_due_minor: int


class QueueOut(BaseModel):
    """A queue, and what is in it now for the token's creditors."""

    model_config = ConfigDict(frozen=True)

    code: str = Field(examples=["mid"])
    name: str
    rank: int
    predicate: Json
    offer_when: Json | None
    priority: dict[str, int]
    reasons: list[ReasonIn]
    skills: list[str]
    keeps_calling_hours: bool
    creditor_id: UUID | None
    depth: int = Field(description="Accounts in the queue.")
    past_due_minor: int | None = Field(description="Their amount past due; null when they have several currencies.")
    past_due: list[AmountOut] = Field(description="The same by currency.")
    version: int


class QueuePreview(BaseModel):
    """What a changed definition would do; nothing is written."""

    model_config = ConfigDict(frozen=True)

    code: str
    matches: int = Field(description="Accounts that satisfy the predicate, whatever queue outranks this one.")
    matches_past_due_minor: int
    depth: int = Field(description="Accounts that this queue would have.")
    past_due_minor: int
    entering: int = Field(description="Accounts that would come in.")
    leaving: int = Field(description="Accounts that would go elsewhere, or nowhere.")
