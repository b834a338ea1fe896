"""What the routes of accounts take from the app besides the edge."""

from typing import Annotated

from fastapi import Depends

from services.accounts.settings import AccountsSettings
from shared.http.routes import from_app

SettingsOf = Annotated[AccountsSettings, Depends(from_app("settings"))]
