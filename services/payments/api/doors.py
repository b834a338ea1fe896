"""What the routes of money take from the app besides the edge."""

from typing import Annotated

from fastapi import Depends

from services.payments.domain.payment import PostPayment
from services.payments.schemas.payments import PaymentAnswer
from shared.http.micro_batcher import MicroBatcher
from shared.http.routes import from_app

PaymentsOf = Annotated[MicroBatcher[PostPayment, PaymentAnswer], Depends(from_app("payments"))]
