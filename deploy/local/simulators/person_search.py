"""A stand-in for a vendor of person searches, in the layout of docs/contracts/person-search.md, on a real socket.

It answers for the people that `PUT /people` has told it of, and for everybody else with made-up records that follow
from the name, the same each time. `PUT /faults` makes it slow, wrong or unavailable. A search is billed once by its
reference, however often it is asked.
"""

import argparse
import base64
import hashlib
import json
import secrets
import threading
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from deploy.local.served import Handler, HttpServed, made_once

_ACCOUNT_FILE = "person-search.json"
_SEARCH = "/v1/person-searches"
_EPOCH = date(2026, 1, 1)
_STREETS = ("Maple Street", "Oak Avenue", "Cedar Road", "Elm Drive")


@dataclass
class Faults:
    """What the next searches meet: `count` of them are answered with `status`, and each one `delay_s` late."""

    count: int = 0
    status: int = 503
    delay_s: float = 0
    body: str | None = None


@dataclass
class Ledger:
    """What was asked and what is on the bill: reference -> the answer that was given, each billed once."""

    requests: int = 0
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)


class PersonSearch(HttpServed):
    """The vendor: start() serves in a thread, serve() in this process until it is told to end."""

    def __init__(self, folder: Path, port: int, host: str = "127.0.0.1") -> None:
        super().__init__(port, host)
        self.faults = Faults()
        self.ledger = Ledger()
        self.people: dict[str, dict[str, Any]] = {}
        self.released = threading.Event()
        self._path = folder / _ACCOUNT_FILE

    @property
    def account(self) -> dict[str, str]:
        """The user name and password that it asks for, made once for each folder."""
        return made_once(self._path, lambda: {"username": "arrears", "password": secrets.token_urlsafe(24)})

    @property
    def endpoint(self) -> dict[str, str]:
        """How a service reaches it: its address and account."""
        return {"url": self.url, **self.account}

    @property
    def handler(self) -> type[Handler]:
        """What answers a request."""
        return _Handler

    def start(self) -> None:
        """Serve in threads of this process. Raises OSError when the port is taken."""
        self.released.clear()
        super().start()

    def stop(self) -> None:
        """Stop serving; requests that are kept waiting are let go."""
        self.released.set()
        super().stop()

    def search(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer one search: the status and the body."""
        reference, subject = asked.get("reference"), asked.get("subject")
        if not isinstance(reference, str) or not isinstance(subject, dict) or not asked.get("permissible_purpose"):
            return 400, {"error": "reference, subject and permissible_purpose are needed"}
        if reference not in self.ledger.answers:
            who = _who(subject)
            known = self.people.get(who)
            self.ledger.answers[reference] = {
                "transaction_id": hashlib.sha256(reference.encode()).hexdigest()[:16],
                "persons": [known] if known else _made_up(who, subject),
            }
        return 200, self.ledger.answers[reference]

    def knows(self, subject: dict[str, Any], person: dict[str, Any]) -> None:
        """From now on answer `person` to a search for `subject` (`given_name`, `family_name`, `date_of_birth`)."""
        self.people[_who(subject)] = person


def _who(subject: dict[str, Any]) -> str:
    return "|".join(str(subject.get(name) or "").casefold() for name in ("given_name", "family_name", "date_of_birth"))


def _made_up(who: str, subject: dict[str, Any]) -> list[dict[str, Any]]:
    """The records of somebody unknown: of ten people three are not found, the others with a phone and an address."""
    draw = hashlib.sha256(who.encode()).digest()
    if draw[0] % 10 < 3:  # noqa: PLR2004 (three of ten)
        return []
    seen = _EPOCH - timedelta(days=draw[1])
    region, city = subject.get("region") or "NY", subject.get("city") or "Albany"
    # 555-0100 to 555-0199 are nobody's.
    number = f"{_AREA.get(str(region), '518')}55501{draw[2] % 100:02d}"
    address = {
        "street": f"{1 + draw[3]} {_STREETS[draw[4] % 4]}",
        "city": city,
        "region": region,
        "postal_code": subject.get("postal_code"),
        "first_seen": (seen - timedelta(days=400)).isoformat(),
        "last_seen": seen.isoformat(),
    }
    phone = {
        "number": number,
        "line_type": "mobile",
        "first_seen": (seen - timedelta(days=200)).isoformat(),
        "last_seen": seen.isoformat(),
    }
    matched = ["family_name", "given_name"] + (["date_of_birth"] if subject.get("date_of_birth") else [])
    return [{"matched_on": matched, "phones": [phone], "addresses": [address], "emails": []}]


_AREA = {
    "CA": "213",
    "FL": "305",
    "IL": "217",
    "MA": "617",
    "NY": "518",
    "TX": "512",
    "WA": "206",
}


class _Handler(Handler):
    owner: PersonSearch

    def do_GET(self) -> None:
        if self.path == "/healthz":
            self.answer(200, {"status": "ok"})
        elif self.path == "/ledger":
            ledger = self.owner.ledger
            self.answer(200, {"requests": ledger.requests, "billed": len(ledger.answers)})
        else:
            self.answer(404, {"error": "no such path"})

    def do_PUT(self) -> None:
        body = self._asked()
        if self.path == "/people":
            self.owner.knows(body["subject"], body["person"])
            self.answer(200)
        elif self.path == "/faults":
            self.owner.faults = Faults(**body)
            self.answer(200)
        else:
            self.answer(404, {"error": "no such path"})

    def do_POST(self) -> None:
        asked, faults = self._asked(), self.owner.faults
        self.owner.ledger.requests += 1
        if self.path != _SEARCH:
            self.answer(404, {"error": "no such path"})
        elif not self._is_known():
            self.answer(401, {"error": "who are you?"})
        elif self._is_out_of_order(faults):
            self.answer(faults.status, (faults.body or '{"error": "out of order"}').encode())
        else:
            self.answer(*self.owner.search(asked))

    def _is_out_of_order(self, faults: Faults) -> bool:
        if faults.delay_s:
            self.owner.released.wait(faults.delay_s)
        if faults.count <= 0:
            return False
        faults.count -= 1
        return True

    def _is_known(self) -> bool:
        account = self.owner.account
        expected = base64.b64encode(f"{account['username']}:{account['password']}".encode()).decode()
        return secrets.compare_digest(self.headers.get("Authorization", ""), f"Basic {expected}")

    def _asked(self) -> dict[str, Any]:
        try:
            read = json.loads(self.body() or b"{}")
        except json.JSONDecodeError:
            return {}
        return read if isinstance(read, dict) else {}


def main() -> None:
    """Serve as a process of the stack."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.simulators.person_search")
    parser.add_argument("--folder", type=Path, required=True, help="where its account is kept")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8040)
    arguments = parser.parse_args()
    PersonSearch(arguments.folder, arguments.port, arguments.host).serve()


if __name__ == "__main__":
    main()
