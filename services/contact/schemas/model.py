"""What all HTTP models of contact share: their strictness, and the debts that a contact is about."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.contact.domain.placing import CallTrait
from shared.ids import distinct

AN_ACCOUNT = "0a7c3d0e-6f1b-5f0a-9a43-6d0f5a1f2b3c"
A_PARTY = "5d1f4a3c-2b1e-5c0d-8f7a-6b5c4d3e2f10"
A_POINT = "7e2d1c0b-9a8f-5e6d-8c7b-5a4f3e2d1c0b"
"""Ids of the examples."""

AccountIds = Annotated[
    tuple[UUID, ...],
    Field(
        min_length=1,
        max_length=50,
        description="The first is the debt that an unanswered call counts for.",
        examples=[[AN_ACCOUNT]],
    ),
    AfterValidator(distinct),
]


CallTraits = Annotated[
    frozenset[CallTrait],
    Field(
        default=frozenset(),
        description="How the call is made: by an automatic telephone dialing system, or with an artificial or "
        "prerecorded voice, as a ringless voicemail is. Either needs consent (47 USC 227(b)(1)(A)).",
    ),
]


class Model(BaseModel):
    """Frozen, and closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")
