"""The stand-ins for what others run: a vendor of person searches, a mail server, a gateway of texts.

Each is a process of the stack on a port of its own; nothing that it takes leaves this machine.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from deploy.local.simulators.person_search import PersonSearch
from deploy.local.simulators.text_gateway import NUMBER, TextGateway

_PERSON_SEARCH, _MAIL_SERVER, _TEXT_GATEWAY = 40, 41, 42
_HOST = "127.0.0.1"


class Program(NamedTuple):
    """One of them: its module, how it is started, where it listens, and what answers 200 when it is ready, if any."""

    module: str
    arguments: tuple[str, ...]
    port: int
    probe: str | None


@dataclass(frozen=True)
class StandIns:
    """Those of one data directory. `contact_url`: where what people answer goes; `services`: who needs them."""

    data_dir: Path
    port_base: int
    contact_url: str
    services: tuple[str, ...]

    @property
    def person_search(self) -> PersonSearch:
        """The vendor that skiptrace asks."""
        return PersonSearch(self._keys, self.port_base + _PERSON_SEARCH)

    @property
    def text_gateway(self) -> TextGateway:
        """The gateway of texts."""
        inbound = f"{self.contact_url}/v1/gateways/text/inbound"
        return TextGateway(self._keys, self.port_base + _TEXT_GATEWAY, inbound)

    @property
    def _keys(self) -> Path:
        return self.data_dir / "keys"

    @property
    def programs(self) -> list[Program]:
        """What is to be started; the mail server keeps what it takes in `mail/`."""
        vendor, texts, mail_port = self.person_search, self.text_gateway, self.port_base + _MAIL_SERVER
        keys, mail = ("--folder", str(self._keys)), ("--folder", str(self.data_dir / "mail"))
        inbound = ("--inbound-url", texts.inbound_url)
        search = Program("person_search", (*keys, "--port", str(vendor.port)), vendor.port, f"{vendor.url}/healthz")
        gateways = [
            Program("mail_server", (*mail, "--port", str(mail_port)), mail_port, None),
            Program("text_gateway", (*keys, "--port", str(texts.port), *inbound), texts.port, f"{texts.url}/healthz"),
        ]
        return [search] * ("skiptrace" in self.services) + gateways * ("contact" in self.services)

    def settings_of_contact(self) -> dict[str, str]:
        """Where contact's e-mails, texts and letters go, and in whose name."""
        texts = self.text_gateway
        return {
            "PUBLIC_URL": self.contact_url,
            "LETTER_DIRECTORY": str(self.data_dir / "letters"),
            "MAIL_FROM": "collections@example.org",
            "SENDER_COMPANY": "Harbor Credit Union",
            "SENDER_PHONE": "+1 555 0100",
            "SENDER_ADDRESS": "1 Harbor Street, Boston, MA 02110",
            "SENDER_PERSON": "Casey Harbor",
            "SMTP_HOST": _HOST,
            "SMTP_PORT": str(self.port_base + _MAIL_SERVER),
            "SMTP_START_TLS": "false",
            "TEXT_URL": texts.url,
            "TEXT_ACCOUNT_SID": texts.account["sid"],
            "TEXT_AUTH_TOKEN": texts.account["token"],
            "TEXT_FROM": NUMBER,
        }
