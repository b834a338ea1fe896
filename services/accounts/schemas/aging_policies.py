"""HTTP models of aging policies: from which day past due the stages of a product begin."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictInt

from shared.events.accounts import ProductClass

FirstDay = Annotated[StrictInt, Field(ge=1, le=3650)]


class StagesBody(BaseModel):
    """The first day past due of each stage; they rise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    early: FirstDay = Field(examples=[1])
    mid: FirstDay = Field(examples=[30])
    late: FirstDay = Field(examples=[60])
    pre_charge_off: FirstDay = Field(examples=[90])


class AgingPolicyIn(BaseModel):
    """Where the stages of a product begin."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stages: StagesBody = Field(examples=[{"early": 1, "mid": 30, "late": 60, "pre_charge_off": 90}])


class AgingPolicyOut(BaseModel):
    """Where the stages of a product of a creditor begin now."""

    model_config = ConfigDict(frozen=True)

    creditor_id: UUID
    product_class: ProductClass
    stages: StagesBody
    version: int = Field(description="Its ETag; 0: the creditor has stated none, this is the shipped policy.")
