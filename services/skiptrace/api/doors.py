"""What the routes of skiptrace take from the app besides the edge, and the tokens that they ask for."""

from typing import Annotated

from fastapi import Depends

from services.skiptrace.domain.policy import Policy
from services.skiptrace.settings import SkiptraceSettings
from shared.http.auth import Principal, requires
from shared.http.routes import from_app

SettingsOf = Annotated[SkiptraceSettings, Depends(from_app("settings"))]
PolicyOf = Annotated[Policy, Depends(from_app("policy"))]
Reader = Annotated[Principal, Depends(requires("skiptrace:read"))]
Writer = Annotated[Principal, Depends(requires("skiptrace:write"))]
VendorReader = Annotated[Principal, Depends(requires("vendors:read"))]
VendorWriter = Annotated[Principal, Depends(requires("vendors:write"))]
