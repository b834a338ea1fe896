"""What accounts reads from its environment (`ACCOUNTS_*`), once, at start. Secrets have no default."""

from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class AccountsSettings(ServiceSettings):
    """Settings of the accounts service; see `ServiceSettings` for those that all services share."""

    model_config = SettingsConfigDict(env_prefix="ACCOUNTS_", frozen=True, extra="ignore")

    port: int = 8001
    import_chunk_rows: int = 1000
    """Rows of one import transaction. More is not faster, and holds the accounts' locks longer."""
    aging_patience_s: float = 20
    """How long an answer waits for an aging run that does not move; less than the patience of usual proxies."""
