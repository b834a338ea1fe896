"""A mail server for development: real SMTP on a real socket, every e-mail kept in a folder, none sent any further.

A recipient that begins with `nobody` is refused for good (550), one that begins with `busy` for now (450); with
`refusal` every one is, in these words.
"""

import argparse
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope, Session

from deploy.local.served import Served


class MailServer(Served):
    """The server: start() serves in a thread, serve() in this process until it is told to end."""

    def __init__(self, folder: Path, port: int, host: str = "127.0.0.1") -> None:
        super().__init__(port, host)
        self._folder = folder
        self.received: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.refusal: str | None = None
        self._controller: Controller | None = None

    def start(self) -> None:
        """Serve in threads of this process. Raises OSError when the port is taken."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._controller = Controller(_Handler(self), hostname=self.host, port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Stop serving."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def keep(self, envelope: Envelope) -> None:
        """Keep one e-mail."""
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        message: Message = BytesParser(policy=default).parsebytes(raw)
        assert isinstance(message, EmailMessage)  # noqa: S101 - what the policy makes
        self.received.append(message)
        self.envelopes.append(envelope)
        (self._folder / f"{len(self.received):06}.eml").write_bytes(raw)


class _Handler:
    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def handle_RCPT(  # noqa: N802 - the name that the library calls
        self, _server: Any, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self._server.refusal is not None:
            return self._server.refusal
        if address.startswith("nobody"):
            return "550 no such user here"
        if address.startswith("busy"):
            return "450 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        self._server.keep(envelope)
        return "250 Message accepted for delivery"


def main() -> None:
    """Serve as a process of the stack."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.simulators.mail_server")
    parser.add_argument("--folder", type=Path, required=True, help="where e-mails are kept")
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    MailServer(arguments.folder, arguments.port).serve()


if __name__ == "__main__":
    main()
