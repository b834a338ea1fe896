"""Hands a text to a gateway that speaks the Messages resource (`POST /2010-04-01/Accounts/{sid}/Messages.json`).

The gateway answers with the id of the message; what becomes of it comes later, signed, to `StatusCallback`.
"""

import httpx
from pydantic import SecretStr

from services.contact.domain.message import Result
from services.contact.domain.refusals import text_refused

_TAKEN = 201
_TOO_MANY = 429
_FAILED = 500


class TextGateway:
    """An account at a text gateway."""

    def __init__(
        self,
        url: str,
        account_sid: str,
        auth_token: SecretStr,
        sender: str,
        callback_url: str,
        *,
        timeout_s: float = 10,
    ) -> None:
        self._path = f"/2010-04-01/Accounts/{account_sid}/Messages.json"
        self._sender = sender
        self._callback_url = callback_url
        self._url = url.rstrip("/")
        self._auth = (account_sid, auth_token.get_secret_value())
        self._timeout_s = timeout_s
        self._verify = httpx.create_ssl_context()

    async def send(self, recipient: str, body: str) -> Result:
        """Hand over one text. Never raises for what the gateway says or does."""
        form = {"To": recipient, "From": self._sender, "Body": body, "StatusCallback": self._callback_url}
        try:
            async with httpx.AsyncClient(auth=self._auth, timeout=self._timeout_s, verify=self._verify) as http:
                answer = await http.post(self._url + self._path, data=form)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Result("later", reason=type(error).__name__)
        except httpx.HTTPError as error:
            return Result("unknown", reason=type(error).__name__)
        return _judged(answer)


def _judged(answer: httpx.Response) -> Result:
    try:
        said = answer.json()
    except ValueError:
        said = {}
    if answer.status_code == _TAKEN and isinstance(said.get("sid"), str):
        return Result("taken", ref=said["sid"])
    if answer.status_code == _TOO_MANY:
        return Result("later", reason="http-429")
    if answer.status_code >= _FAILED or answer.status_code == _TAKEN:
        return Result("unknown", reason=f"http-{answer.status_code}")
    return text_refused(said.get("code"))
