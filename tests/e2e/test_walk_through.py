"""docs/integrating.md, typed into a shell from its first command to its last: each call is answered as it says."""

import asyncio
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from deploy.local.stack import DEFAULT_PORT_BASE, ROOT
from shared.clock import SystemClock
from tests.e2e.bank import eventually
from tests.e2e.collectors_desk import ON_THE_WAY
from tests.e2e.stack_operator import Operator

PAGE = ROOT / "docs" / "integrating.md"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROMPT = re.compile(r"^\$ ", re.MULTILINE)
_PORT = re.compile(r"(?<=127\.0\.0\.1:)\d+")
# What a shell keeps for the next command.
_KEEP = f"""'{sys.executable}' -c 'import json, os; json.dump(dict(os.environ), open("environment.json", "w"))'"""


@dataclass(frozen=True)
class Answer:
    """What one call was answered."""

    asked: str
    status: int
    body: dict[str, Any]

    @property
    def is_on_the_way(self) -> bool:
        """Whether the service knows too little yet: what was imported has not reached it."""
        return self.body.get("code") in ON_THE_WAY or self.body.get("outcome") == "needs_review"


class Reader:
    """Somebody who types commands into one shell, in a folder that looks like the project's to them."""

    def __init__(self, folder: Path, operator: Operator) -> None:
        self._folder = folder
        self._answers = folder / "answers.jsonl"
        (folder / ".arrears").symlink_to(operator.data_dir)
        (folder / ".venv").symlink_to(sys.prefix)
        curl = folder / "bin" / "curl"
        curl.parent.mkdir()
        curl.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{Path(__file__).with_name('curl.py')}' \"$@\"\n")
        curl.chmod(0o755)
        path = os.pathsep.join((str(curl.parent), str(Path(sys.executable).parent), os.environ["PATH"]))
        self._environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "ANSWERS": str(self._answers)}

    async def type(self, command: str) -> Answer | None:
        """Run a command, again while what it names is on its way; returns what its call was answered, if it is one."""
        return await eventually(
            lambda: asyncio.to_thread(self._run, command), lambda answer: answer is None or not answer.is_on_the_way
        )

    def _run(self, command: str) -> Answer | None:
        self._answers.write_text("")
        done = subprocess.run(
            ["/bin/sh", "-euc", f"set -a\n{command}\n{_KEEP}"],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        self._environment = json.loads((self._folder / "environment.json").read_text())
        answers = [Answer(**json.loads(line)) for line in self._answers.read_text().splitlines()]
        return answers[-1] if answers else None


def commands(page: str, port_base: int) -> list[str]:
    """The commands of a page in their order: each begins at a prompt of a console block, and ends at the next."""
    found = []
    for block in _BLOCK.findall(page):
        output, *typed = _PROMPT.split(block)
        assert not output, f"a console block begins at a prompt: {output}"
        found += typed
    return [_PORT.sub(lambda port: str(int(port[0]) - DEFAULT_PORT_BASE + port_base), command) for command in found]


async def test_whoever_types_the_page_gets_what_it_says(operator: Operator, tmp_path: Path) -> None:
    reader = Reader(tmp_path, operator)
    told: dict[str, dict[str, Any]] = {}
    for command in commands(PAGE.read_text(), operator.stack.port_base):
        if "/v1/contact-decisions" in command:
            await assert_allowed_at_night(reader, command)
        answer = await reader.type(command)
        if answer is not None:
            assert answer.status in {200, 201}, f"{command}\n{answer.status} {answer.body}"
            told[answer.asked] = answer.body

    imported = told["POST /v1/imports/account-snapshots"]
    assert (imported["opened"], imported["rejected"]) == (2, 0)
    arrangement = told["POST /v1/arrangements"]
    assert arrangement["status"] == "active"
    assert told["POST /v1/payments"]["arrangements_completed"] == [arrangement["id"]]
    assert told["POST /v1/contact-decisions"]["outcome"] == "allow"
    assert told["POST /v1/contact-attempts"]["contact_value"] == "+12075550167"


async def assert_allowed_at_night(reader: Reader, command: str) -> None:
    """The call that follows does not depend on when the page is read: it is allowed at night in Portland too."""
    night = SystemClock().now().replace(hour=7, minute=30) + timedelta(days=1)
    answer = await reader.type(command.replace('"direction"', f'"at": "{night.isoformat()}", "direction"'))
    assert answer is not None
    assert answer.body["outcome"] == "allow", answer.body
