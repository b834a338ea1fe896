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
import signal
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from deploy.local.files import read_json, write_json

_ACCOUNT_FILE = "text-gateway.json"
_CALLBACK_TRIES = 3
NUMBER = "+15005550006"
"""The number that texts come from."""


@dataclass
class Faults:
    """What the next texts meet: `count` of them are answered with `status`; with `is_mute` no receipt follows."""

    count: int = 0
    status: int = 500
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


class TextGateway:
    """The gateway: start() serves in threads, serve() in this process until it is told to end.

    `inbound_url` is where texts of people go.
    """

    def __init__(self, folder: Path, port: int, inbound_url: str = "", host: str = "127.0.0.1") -> None:
        self.host, self.port = host, port
        self.url = f"http://{host}:{port}"
        self.inbound_url = inbound_url
        self.faults = Faults()
        self.state = State()
        self._path = folder / _ACCOUNT_FILE
        self._callbacks: SimpleQueue[tuple[str, dict[str, str]] | None] = SimpleQueue()
        self._server: ThreadingHTTPServer | None = None
        self._caller: threading.Thread | None = None

    @property
    def account(self) -> dict[str, str]:
        """The account sid and its token, made once for each folder."""
        known: dict[str, str] = read_json(self._path) or {}
        if not known:
            known = {"sid": "AC" + secrets.token_hex(16), "token": secrets.token_hex(16)}
            write_json(self._path, known)
        return known

    def start(self) -> None:
        """Serve in threads of this process. Raises OSError when the port is taken."""
        self._server = ThreadingHTTPServer((self.host, self.port), type("Handler", (_Handler,), {"gateway": self}))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="text-gateway", daemon=True).start()
        self._caller = threading.Thread(target=self._call_back, name="text-gateway-callbacks", daemon=True)
        self._caller.start()

    def stop(self) -> None:
        """Send what is left and stop serving."""
        self._callbacks.put(None)
        if self._caller is not None:
            self._caller.join(10)
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def serve(self) -> None:
        """Serve in this process until SIGTERM or SIGINT."""
        ending = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ending.set())
        self.start()
        ending.wait()
        self.stop()

    def take(self, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Take one text: the status and body of the answer."""
        recipient = form.get("To", "")
        if self.faults.count > 0:
            self.faults.count -= 1
            return self.faults.status, {"code": 20500, "message": "simulated"}
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


class _Handler(BaseHTTPRequestHandler):
    gateway: TextGateway

    def do_GET(self) -> None:
        if self.path == "/healthz":
            self._answer(200, {"status": "ok"})
        elif self.path == "/texts":
            self._answer(200, {"texts": [text.__dict__ for text in self.gateway.state.texts]})
        else:
            self._answer(404, {})

    def do_PUT(self) -> None:
        if self.path != "/faults":
            self._answer(404, {})
            return
        self.gateway.faults = Faults(**json.loads(self._body()))
        self._answer(200, {})

    def do_POST(self) -> None:
        account = self.gateway.account
        if self.path == "/simulated-replies":
            said = json.loads(self._body())
            self._answer(201, {"sid": self.gateway.reply(said["from"], said["body"])})
        elif self.path != f"/2010-04-01/Accounts/{account['sid']}/Messages.json":
            self._answer(404, {"code": 20404})
        elif self.headers.get("Authorization") != self._expected(account):
            self._answer(401, {"code": 20003})
        else:
            form = dict(urllib.parse.parse_qsl(self._body().decode()))
            self._answer(*self.gateway.take(form))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name that the base class gives)
        """Be silent."""

    @staticmethod
    def _expected(account: Mapping[str, str]) -> str:
        return "Basic " + base64.b64encode(f"{account['sid']}:{account['token']}".encode()).decode()

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status: int, body: Mapping[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


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
