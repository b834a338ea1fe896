"""The servers that tests run on are real, and a server that cannot start is never passed over in silence."""

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from deploy.local.issuer import Issuer
from deploy.local.kafka import Kafka
from deploy.local.process import marked
from tests import conftest
from tests.conftest import KERNEL, GetDatabase


def test_the_broker_takes_connections(kafka: Kafka) -> None:
    assert kafka.is_ready()


def test_the_issuer_serves_the_key_that_its_tokens_are_signed_with(issuer: Issuer) -> None:
    with urllib.request.urlopen(issuer.jwks_url) as answer:  # noqa: S310 - our own address
        keys = KeySet.import_key_set(json.load(answer))
    claims = jwt.decode(issuer.mint("collector"), keys).claims
    assert (claims["iss"], claims["aud"], claims["roles"]) == (issuer.url, "arrears", ["collector"])


_KILLED_RUN = """
import sys, time
from pathlib import Path
from deploy.local.process import Child, ProcessSpec
from tests.reaper import guard

directory = Path(sys.argv[1])
(directory / "server").mkdir()
reaper = guard(directory)
server = Child(ProcessSpec("server", ("sleep", "600")), directory / "log", directory / "server")
print("started", flush=True)
time.sleep(600)
"""


def test_a_run_that_is_killed_leaves_no_server_and_no_folder(tmp_path: Path) -> None:
    directory = tmp_path / "run"
    directory.mkdir()
    command = [sys.executable, "-c", _KILLED_RUN, str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"started\n"
        servers = marked(directory / "server")
        assert len(servers) == 1
        run.kill()
    gone = time.monotonic() + 20
    while directory.exists():
        assert time.monotonic() < gone
        time.sleep(0.05)  # another process clears up: there is nothing to await
    assert marked(directory / "server") == []


async def test_a_module_has_one_database_of_a_service(service_database: GetDatabase) -> None:
    first = await service_database(KERNEL)
    assert await service_database(KERNEL) == first
    assert first.name.startswith("kernel_")


def test_a_server_that_cannot_start_fails_where_infrastructure_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUIRE_INFRA", "1")
    with pytest.raises(pytest.fail.Exception, match="Kafka cannot be started: OSError: no disk"):
        conftest._unavailable("Kafka", OSError("no disk"))


def test_elsewhere_it_skips_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUIRE_INFRA", raising=False)
    with pytest.raises(pytest.skip.Exception, match="Kafka cannot be started: OSError: no disk"):
        conftest._unavailable("Kafka", OSError("no disk"))
