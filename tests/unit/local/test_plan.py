"""What a stack would run and where, without running it; and what it keeps on disk."""

import json
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.local import state
from deploy.local.__main__ import app
from deploy.local.databases import Credentials
from deploy.local.files import open_way_to, read_json, write_private
from deploy.local.process import Record, rotate, tail
from deploy.local.stack import SERVICES, Stack, outside_parts, process_table
from deploy.local.state import Phase, StackState, StateFile
from deploy.local.supervisor import State, Status
from services.accounts.settings import AccountsSettings

OUTSIDE = {
    "KAFKA_BOOTSTRAP_SERVERS": "broker:9092",
    "DATABASE_URL_ACCOUNTS": "postgresql://a:secret@db/accounts",
    "DATABASE_URL_ACCOUNTS_OWNER": "postgresql://o:secret@db/accounts",
    "DATABASE_URL_PAYMENTS": "postgresql://p:secret@db/payments",
    "DATABASE_URL_CONTACT": "postgresql://c:secret@db/contact",
    "DATABASE_URL_SKIPTRACE": "postgresql://s:secret@db/skiptrace",
    "DATABASE_URL_COMPLIANCE": "postgresql://x:secret@db/compliance",
}


def test_services_listen_where_the_surface_says(tmp_path: Path) -> None:
    stack = Stack(tmp_path, 8000)
    assert stack.url("accounts") == "http://127.0.0.1:8001"
    assert stack.url("contact") == "http://127.0.0.1:8002"
    assert stack.url("payments") == "http://127.0.0.1:8003"
    assert stack.url("skiptrace") == "http://127.0.0.1:8004"
    assert stack.url("compliance") == "http://127.0.0.1:8005"


def test_the_settings_of_a_service_are_printed_for_its_commands_and_stand_in_no_process_that_needs_less(
    tmp_path: Path,
) -> None:
    odd = OUTSIDE | {"DATABASE_URL_ACCOUNTS": "postgresql://a:it's $HOME@db/accounts"}
    StateFile(tmp_path, StackState(8000, odd, ("accounts",), Phase.UP))
    printed = CliRunner().invoke(app, ["env", "accounts", "--data-dir", str(tmp_path)])
    assert printed.exit_code == 0
    shell = subprocess.run(
        ["/bin/sh", "-c", 'eval "$0"; env', printed.output], check=True, capture_output=True, text=True, env={}
    )
    found = dict(line.split("=", 1) for line in shell.stdout.splitlines() if line.startswith("ACCOUNTS_"))
    assert found["ACCOUNTS_DATABASE_URL"] == odd["DATABASE_URL_ACCOUNTS"]
    assert found["ACCOUNTS_MIGRATION_URL"] == odd["DATABASE_URL_ACCOUNTS_OWNER"]
    assert found["ACCOUNTS_KAFKA_BOOTSTRAP_SERVERS"] == "broker:9092"
    needed = {name for name, field in AccountsSettings.model_fields.items() if field.is_required()}
    assert {f"ACCOUNTS_{name.upper()}" for name in needed} <= found.keys()
    assert "PAYMENTS_" not in printed.output
    assert "PAYMENTS_" in CliRunner().invoke(app, ["env", "--data-dir", str(tmp_path)]).output
    assert CliRunner().invoke(app, ["env", "nothing", "--data-dir", str(tmp_path)]).exit_code == 2
    table = {spec.name: spec.env for spec in process_table(Stack(tmp_path, 8000, odd))}
    owners = {name for name, values in table.items() if "ACCOUNTS_MIGRATION_URL" in values}
    assert owners == {"accounts-migrate"}


def test_no_two_parts_of_a_stack_share_a_port(tmp_path: Path) -> None:
    taken = Stack(tmp_path, 8000).ports()
    assert len(set(taken.values())) == len(taken)
    assert {taken[f"{service} API"] for service in SERVICES} == {8001, 8002, 8003, 8004, 8005}
    assert {taken[f"{service} worker"] for service in SERVICES} == {8011, 8012, 8013, 8014, 8015}


def test_contact_alone_acts_in_its_own_name_and_asks_other_services(tmp_path: Path) -> None:
    stack = Stack(tmp_path, 8000)
    of_contact = stack.environment("contact", 8002)
    assert of_contact["CONTACT_TOKEN_URL"] == "http://127.0.0.1:8010/token"
    assert of_contact["CONTACT_COMPLIANCE_URL"] == "http://127.0.0.1:8005"
    assert of_contact["CONTACT_PAYMENTS_URL"] == "http://127.0.0.1:8003"
    assert of_contact["CONTACT_ACCOUNTS_URL"] == "http://127.0.0.1:8001"
    secret = of_contact["CONTACT_CLIENT_SECRET"]
    assert stack.issuer.clients.roles_of("contact", secret) == ("contact_service",)
    assert stack.environment("contact", 8012)["CONTACT_CLIENT_SECRET"] == secret
    assert (tmp_path / "keys" / "clients.json").stat().st_mode & 0o777 == 0o600
    for service in SERVICES:
        assert service == "contact" or not any("SECRET" in name for name in stack.environment(service, 1))


def test_what_is_configured_outside_is_not_started_here(tmp_path: Path) -> None:
    stack = Stack(tmp_path, 8000, outside_parts(OUTSIDE))
    names = {spec.name for spec in process_table(stack)}
    assert not {"postgres", "databases", "kafka"} & names
    assert {"PostgreSQL", "Kafka", "Kafka controller"}.isdisjoint(stack.ports())
    assert stack.bootstrap_servers == "broker:9092"


def test_outside_databases_are_migrated_as_their_owner_and_served_as_the_service(tmp_path: Path) -> None:
    stack = Stack(tmp_path, 8000, outside_parts(OUTSIDE))
    table = {spec.name: spec for spec in process_table(stack)}
    assert table["accounts-migrate"].env["ACCOUNTS_MIGRATION_URL"] == "postgresql://o:secret@db/accounts"
    assert table["accounts-api"].env["ACCOUNTS_DATABASE_URL"] == "postgresql://a:secret@db/accounts"
    assert table["payments-migrate"].env["PAYMENTS_MIGRATION_URL"] == "postgresql://p:secret@db/payments"


def test_one_outside_database_leaves_the_others_embedded(tmp_path: Path) -> None:
    stack = Stack(tmp_path, 8000, outside_parts({"DATABASE_URL_ACCOUNTS": "postgresql://a:secret@db/accounts"}))
    assert stack.embedded_services == ("contact", "payments", "skiptrace", "compliance")
    assert stack.postgres is not None


def test_other_variables_of_the_environment_are_not_taken() -> None:
    assert outside_parts({"HOME": "/root", "KAFKA_BOOTSTRAP_SERVERS": ""}) == {}


def test_only_the_services_that_are_named_run_with_what_they_talk_to(tmp_path: Path) -> None:
    stack = Stack(tmp_path, 8000, outside_parts(OUTSIDE), ("accounts", "contact"))
    names = [spec.name for spec in process_table(stack)]
    assert {name.partition("-")[0] for name in names} & set(SERVICES) == {"accounts", "contact"}
    assert {"text-gateway", "mail-server"} < set(names)
    assert "person-search" not in names
    assert stack.url("contact") == "http://127.0.0.1:8002"
    assert 8003 not in stack.ports().values()
    assert Stack(tmp_path, services=("accounts", "contact")).embedded_services == ("accounts", "contact")


def test_each_service_starts_after_its_own_migration(tmp_path: Path) -> None:
    table = {spec.name: spec for spec in process_table(Stack(tmp_path, 8000, outside_parts(OUTSIDE)))}
    for service in SERVICES:
        assert table[f"{service}-migrate"].once
        for role in ("api", "worker"):
            assert f"{service}-migrate" in table[f"{service}-{role}"].needs


def test_passwords_are_made_once_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    first = Credentials.load(path, ("accounts", "payments"))
    assert Credentials.load(path, ("accounts", "payments")) == first
    assert len(set(first.passwords.values())) == 4
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_service_that_comes_later_gets_its_passwords_and_the_others_keep_theirs(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    first = Credentials.load(path, ("accounts",))
    later = Credentials.load(path, ("accounts", "contact"))
    assert later.passwords["accounts"] == first.passwords["accounts"]
    assert "contact_owner" in later.passwords


def test_a_password_with_special_characters_survives_the_address() -> None:
    credentials = Credentials({"accounts": "p@ss/w:rd", "accounts_owner": "x"})
    assert credentials.database("accounts", 5432).service_dsn == (
        "postgresql://accounts:p%40ss%2Fw%3Ard@127.0.0.1:5432/accounts"
    )


def test_the_state_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    statuses = [Status("accounts-api", State.READY, Record("accounts-api", 12, 3.5), restarts=2)]
    file = StateFile(
        tmp_path, StackState(8000, {}, ("accounts", "payments"), Phase.STARTING, Record("supervisor", 1, 2.0))
    )
    file.observe(statuses)
    file.set(phase=Phase.UP)
    assert state.load(tmp_path) == file.state
    assert (tmp_path / state.FILE).stat().st_mode & 0o777 == 0o600


def test_a_directory_without_a_stack_has_no_state(tmp_path: Path) -> None:
    assert state.load(tmp_path) is None
    (tmp_path / state.FILE).write_text("{half")
    assert read_json(tmp_path / state.FILE) is None


def test_a_private_file_is_replaced_in_one_step_and_leaves_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    write_private(path, "one")
    write_private(path, "two")
    assert path.read_text() == "two"
    assert list(tmp_path.iterdir()) == [path]


def test_a_way_is_opened_without_letting_others_list_the_folder(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    open_way_to(closed / "cluster")
    assert closed.stat().st_mode & 0o777 == 0o701


def test_a_log_past_its_limit_starts_anew_while_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    with log.open("ab") as writer:
        writer.write(b"x" * 100)
        writer.flush()
        rotate(log, limit_bytes=50)
        writer.write(b"after")
    assert log.read_bytes() == b"after"
    assert (tmp_path / "api.log.1").read_bytes() == b"x" * 100


def test_a_log_within_its_limit_is_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    log.write_text("short")
    rotate(log, limit_bytes=50)
    rotate(tmp_path / "no such.log")
    assert [path.name for path in tmp_path.iterdir()] == ["api.log"]


def test_an_error_shows_the_last_lines_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    log.write_text("\n".join(f"line {number}" for number in range(40)))
    assert "line 39" in tail(log)
    assert "line 3\n" not in tail(log)
    assert "no log" in tail(tmp_path / "none.log")


@pytest.mark.parametrize(("text", "seconds"), [("45s", 45), ("30m", 1800), ("1h", 3600), ("7d", 604_800)])
def test_a_lifetime_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    from deploy.local.__main__ import duration  # noqa: PLC0415 (importing a __main__ is for this test alone)

    assert duration(text).total_seconds() == seconds


def test_the_state_file_is_json_that_names_the_phase(tmp_path: Path) -> None:
    StateFile(tmp_path, StackState(8000, {}, (), Phase.DOWN))
    assert json.loads((tmp_path / state.FILE).read_text())["phase"] == "down"
