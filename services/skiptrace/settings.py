"""What a deployment decides about skip tracing: `SKIPTRACE_*` environment variables, read once, frozen."""

import ipaddress
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class VendorEndpoint(BaseModel):
    """Where a vendor is, and our account there. The account goes in the clear to this machine only."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    username: str
    password: SecretStr

    @model_validator(mode="after")
    def _is_private(self) -> Self:
        parts = urlsplit(self.url)
        if parts.scheme == "https" or (parts.scheme == "http" and _is_this_machine(parts.hostname or "")):
            return self
        raise ValueError("a vendor is asked by https only")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class SkiptraceSettings(ServiceSettings):
    """Settings of the skiptrace service; see `ServiceSettings` for those that all services share."""

    model_config = SettingsConfigDict(env_prefix="SKIPTRACE_", frozen=True, extra="ignore")

    port: int = 8004
    vendor_endpoints: dict[str, VendorEndpoint] = Field(default_factory=dict)
    """By the name that a vendor calls its endpoint; JSON in the environment."""
    vendor_timeout_s: float = Field(default=10, gt=0, le=60)
    """How long one try of a search may take; a search has up to three."""
    searches_at_once: int = Field(default=8, ge=1, le=64)
    search_poll_s: float = Field(default=1, gt=0)
    """How often the worker looks for cases that are due."""
    automatic_purpose: Literal["fcra_collection", "glba_enforcement"] = "glba_enforcement"
    """The permissible purpose of a case that an event opens."""
    automatic_budget_minor: int = Field(default=500, ge=0)
    """What a case that an event opens may cost, minor units of the account's currency."""
    no_contact_days: int = Field(default=30, ge=1)
    """A party that was tried and not reached for so many days is searched for."""
    no_contact_tries: int = Field(default=3, ge=1)
    """How often it must have been tried in that time."""
    employer_name: str = Field(default="our company", min_length=1, max_length=200)
    """What a caller answers who is expressly asked for the employer (12 CFR 1006.10(b)(1))."""
