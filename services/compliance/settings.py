"""What a deployment decides about compliance: `COMPLIANCE_*` environment variables, read once, frozen."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class ComplianceSettings(ServiceSettings):
    """Settings of the compliance service; see `ServiceSettings` for those that all services share."""

    model_config = SettingsConfigDict(env_prefix="COMPLIANCE_", frozen=True, extra="ignore")

    port: int = 8005
    permit_ttl_s: float = Field(default=120, gt=0, le=3600)
    """How long a permit may be used. It counts against the limits until it is reported, however old it is."""
