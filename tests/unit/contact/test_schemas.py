"""What a request names twice is named once: the debts of a contact, in the order in which they come first."""

from typing import Any
from uuid import uuid4

import pytest

from services.compliance.schemas.cases import RepresentationRequest
from services.compliance.schemas.choices import RevocationRequest
from services.compliance.schemas.restrictions import RestrictionRequest
from services.contact.schemas.attempts import AttemptRequest, InboundRequest
from services.contact.schemas.messages import MessageRequest
from services.contact.schemas.outcomes import HeardIn

FIRST, SECOND = uuid4(), uuid4()
_PARTY = {"party_id": uuid4()}


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (AttemptRequest, _PARTY | {"channel": "phone"}),
        (InboundRequest, _PARTY | {"channel": "phone"}),
        (MessageRequest, _PARTY | {"channel": "sms", "template": "past_due"}),
        (HeardIn, {"kind": "attorney"}),
        (RestrictionRequest, _PARTY | {"kind": "attorney", "evidence": "Said so"}),
        (RevocationRequest, _PARTY | {"channel": "sms", "evidence": "Said so"}),
        (RepresentationRequest, _PARTY),
    ],
)
def test_a_debt_that_is_named_twice_is_one_debt(model: Any, body: dict[str, Any]) -> None:
    made = model.model_validate(body | {"account_ids": [SECOND, FIRST, SECOND]})
    assert made.account_ids == (SECOND, FIRST)
