"""What a deployment decides about contact: `CONTACT_*` environment variables, read once, frozen; no default secret.

A channel without its gateway, or without the name that it is sent in, is refused (`channel-not-configured`): nothing is
queued that nobody would send, and nothing is sent in a name that nobody gave (12 CFR 1006.18).
"""

from pathlib import Path
from typing import Annotated
from uuid import UUID

from pydantic import Field, SecretStr, StringConstraints
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings

Line = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\r\n]+$")]
MailAddress = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^@\s<>]+@[^@\s<>]+$")]
WebAddress = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^https?://[^\s/]\S*$")]


class ContactSettings(ServiceSettings):
    """Settings of the contact service; see `ServiceSettings` for those that all services share."""

    model_config = SettingsConfigDict(env_prefix="CONTACT_", frozen=True, extra="ignore")

    port: int = 8002
    token_url: str
    """Where the issuer gives this service tokens of its own (client credentials)."""
    client_id: str
    client_secret: SecretStr
    compliance_url: str
    payments_url: str
    accounts_url: str
    compliance_timeout_s: float = Field(default=2, gt=0)
    """How long a permit may take. After it no contact is made."""
    next_step_timeout_s: float = Field(default=5, gt=0)

    public_url: WebAddress | None = None
    """The address of this API for the text gateway and people's browsers: receipts and opt-out links lead there.

    Without it no e-mail and no text is sent, and no signature of the gateway can be checked.
    """
    link_secret: SecretStr | None = None
    """Signs opt-out links. Without it no e-mail is sent, for every one carries such a link (12 CFR 1006.6(e))."""

    smtp_host: str | None = None
    smtp_port: int = 587
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_start_tls: bool = True
    mail_from: MailAddress | None = None
    """The visible sender, without which no e-mail is sent; bounces go to `mail_return_path`."""
    mail_return_path: str | None = None

    text_url: str | None = None
    """The Messages API of the text gateway, up to and without `/2010-04-01`."""
    text_account_sid: str | None = None
    text_auth_token: SecretStr | None = None
    text_from: str | None = None
    """The number or messaging service that texts come from."""

    letter_directory: Path | None = None
    """Where the print vendor collects letters: a PDF and a manifest for each."""
    sender_company: Line | None = None
    """The true name in which every message is sent; without it, its phone number and its address none is."""
    sender_phone: Line | None = None
    sender_address: Line | None = None
    sender_person: str | None = None
    """Whom a message names as the contact person; without it no message is sent that must name one."""
    sender_california_license: str | None = None

    unconfirmed_creditors: frozenset[UUID] = frozenset()
    """Creditors for whom no text confirms that an opt-out by text was heard; the law allows one, and asks for none."""

    sender_batch: int = Field(default=50, ge=1, le=500)
    sender_poll_s: float = Field(default=0.5, gt=0)
