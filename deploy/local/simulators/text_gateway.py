"""A stand-in for a text gateway with the Messages resource, on a real socket: takes texts, sends signed receipts, STOP.

It answers as the gateway does: 201 with a `sid`, 400 with a code for a number that is none (it ends in 0000) or that
has replied STOP. `POST /simulated-replies {from, body}` is a person who answers; `PUT /faults` makes it fail.
"""

import argparse
import base64
import hashlib
import hmac
import json
import secrets
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from deploy.local.served import Handler, HttpServed, made_once

_ACCOUNT_FILE = "text-gateway.json"
_CALLBACK_TRIES = 3
NUMBER = "+15005550006"
"""The number that texts come from."""


@dataclass
class Faults:
    """What the next texts meet: `count` of them get `status` and `code`; with `is_mute` no receipt follows."""

    count: int = 0
    status: int = 500
    code: int = 20500
    is_mute: bool = False
    receipt: str = "delivered"
    error_code: str = ""


@dataclass
class Said:
    """A text that was taken."""

    sid: str
    to: str
    body: str
    callback: str


@dataclass
class State:
    """What was sent through it, and who wants no more."""

    texts: list[Said] = field(default_factory=list)
    stopped: set[str] = field(default_factory=set)


class TextGateway(HttpServed):
    """The gateway: start() serves in threads, serve() in this process until it is told to end.

    `inbound_url` is where texts of people go.
    """

    def __init__(self, folder: Path, port: int, inbound_url: str = "", host: str = "127.0.0.1") -> None:
        super().__init__(port, host)
        self.inbound_url = inbound_url
        self.faults = Faults()
        self.state = State()
        self._path = folder / _ACCOUNT_FILE
        self._callbacks: SimpleQueue[tuple[str, dict[str, str]] | None] = SimpleQueue()
        self._caller: threading.Thread | None = None

    @property
    def account(self) -> dict[str, str]:
        """The account sid and its token, made once for each folder."""
        return made_once(self._path, lambda: {"sid": "AC" + secrets.token_hex(16), "token": secrets.token_hex(16)})

    @property
    def handler(self) -> type[Handler]:
        """What answers a request."""
        return _Handler

    def start(self) -> None:
        """Serve in threads of this process. Raises OSError when the port is taken."""
        super().start()
        self._caller = threading.Thread(target=self._call_back, name="text-gateway-callbacks", daemon=True)
        self._caller.start()

    def stop(self) -> None:
        """Send what is left and stop serving."""
        self._callbacks.put(None)
        if self._caller is not None:
            self._caller.join(10)
        super().stop()

    def take(self, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Take one text: the status and body of the answer."""
        recipient = form.get("To", "")
        if self.faults.count > 0:
            self.faults.count -= 1
            return self.faults.status, {"code": self.faults.code, "message": "simulated"}
        if recipient in self.state.stopped:
            return 400, {"code": 21610, "message": "The recipient has replied STOP."}
        if not recipient.startswith("+") or recipient.endswith("0000"):
            return 400, {"code": 21211, "message": "The 'To' number is not a valid phone number."}
        said = Said("SM" + secrets.token_hex(16), recipient, form.get("Body", ""), form.get("StatusCallback", ""))
        self.state.texts.append(said)
        if said.callback and not self.faults.is_mute:
            receipt = {"MessageSid": said.sid, "To": said.to, "ErrorCode": self.faults.error_code}
            for status in ("sent", self.faults.receipt):
                self._callbacks.put((said.callback, receipt | {"MessageStatus": status}))
        return 201, {"sid": said.sid, "status": "queued", "to": said.to}

    def reply(self, sender: str, body: str) -> str:
        """A person sends a text; returns its sid. STOP is remembered here too, as gateways do."""
        sid = "SM" + secrets.token_hex(16)
        form = {"MessageSid": sid, "From": sender, "To": NUMBER, "Body": body}
        if body.strip().upper() == "STOP":
            self.state.stopped.add(sender)
            form["OptOutType"] = "STOP"
        self._callbacks.put((self.inbound_url, form))
        return sid

    def sign(self, url: str, form: Mapping[str, str]) -> str:
        """The signature of a request: HMAC-SHA1 over the URL and the sorted fields, as the Messages API documents."""
        text = url + "".join(name + form[name] for name in sorted(form))
        seal = hmac.new(self.account["token"].encode(), text.encode(), hashlib.sha1)
        return base64.b64encode(seal.digest()).decode()

    def _call_back(self) -> None:
        while (call := self._callbacks.get()) is not None:
            url, form = call
            body = urllib.parse.urlencode(form).encode()
            for _ in range(_CALLBACK_TRIES):
                request = urllib.request.Request(  # noqa: S310 - the address that the sender gave
                    url, body, {"X-Twilio-Signature": self.sign(url, form)}
                )
                try:
                    with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - as above
                        break
                except (urllib.error.URLError, OSError):
                    continue


class _Handler(Handler):
    owner: TextGateway

    def do_GET(self) -> None:
        if self.path == "/healthz":
            self.answer(200, {"status": "ok"})
        elif self.path == "/texts":
            self.answer(200, {"texts": [text.__dict__ for text in self.owner.state.texts]})
        else:
            self.answer(404)

    def do_PUT(self) -> None:
        if self.path != "/faults":
            self.answer(404)
            return
        self.owner.faults = Faults(**json.loads(self.body()))
        self.answer(200)

    def do_POST(self) -> None:
        account = self.owner.account
        if self.path == "/simulated-replies":
            said = json.loads(self.body())
            self.answer(201, {"sid": self.owner.reply(said["from"], said["body"])})
        elif self.path != f"/2010-04-01/Accounts/{account['sid']}/Messages.json":
            self.answer(404, {"code": 20404})
        elif self.headers.get("Authorization") != self._expected(account):
            self.answer(401, {"code": 20003})
        else:
            form = dict(urllib.parse.parse_qsl(self.body().decode()))
            self.answer(*self.owner.take(form))

    @staticmethod
    def _expected(account: Mapping[str, str]) -> str:
        return "Basic " + base64.b64encode(f"{account['sid']}:{account['token']}".encode()).decode()


def main() -> None:
    """Serve as a process of the stack."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.simulators.text_gateway")
    parser.add_argument("--folder", type=Path, required=True, help="where its account is kept")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--inbound-url", default="", help="where texts of people go")
    arguments = parser.parse_args()
    TextGateway(arguments.folder, arguments.port, arguments.inbound_url).serve()


if __name__ == "__main__":
    main()
