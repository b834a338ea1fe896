"""What a deployment decides about payments: `PAYMENTS_*` environment variables, read once, frozen."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class PaymentsSettings(ServiceSettings):
    """Settings of the payments service; see `ServiceSettings` for those that all services share."""

    model_config = SettingsConfigDict(env_prefix="PAYMENTS_", frozen=True, extra="ignore")

    port: int = 8003
    evaluation_wait_s: float = Field(default=60, ge=0)
    """How long the evaluation of a business date waits for payments that the core had published already."""
