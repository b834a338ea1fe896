"""The stack of one data directory: its ports, addresses and folders, and the table of its processes.

What the environment configures is used instead of an embedded part: KAFKA_BOOTSTRAP_SERVERS for the broker,
DATABASE_URL_<SERVICE> (and DATABASE_URL_<SERVICE>_OWNER, the role that migrates) for a service's database.
"""

import json
import os
import secrets
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import ports
from deploy.local.databases import Credentials, ServiceDatabase
from deploy.local.files import read_json, write_json
from deploy.local.issuer import Issuer
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.local.process import ProcessSpec
from deploy.local.stand_ins import Program, StandIns

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_PORT_BASE = 8000
# Each service's place above the port base.
SERVICES: Mapping[str, int] = {"accounts": 1, "contact": 2, "payments": 3, "skiptrace": 4, "compliance": 5}
_ISSUER, _WORKERS, _POSTGRES, _KAFKA, _CONTROLLER = 10, 10, 20, 21, 22
# The services that act in their own name, and the role in which the issuer lets them.
_CLIENTS: Mapping[str, tuple[str, ...]] = {"contact": ("contact_service",)}
# Which services a service asks, beside the topics.
_ASKS: Mapping[str, tuple[str, ...]] = {"contact": ("accounts", "compliance", "payments")}
_PROBE_SECONDS = 1.0
# Generous: on a small machine that is busy with something else, imports alone take half a minute.
_START_SECONDS = 180
# A worker may finish a batch for 25 s, an API answer its requests for 20 s.
_STOP_SECONDS = 30


@dataclass(frozen=True)
class Stack:
    """Where everything of one data directory is. `outside` holds the variables that replace embedded parts.

    `services`: those that run, with the stand-ins that they talk to; the ports of the others stay free.
    """

    data_dir: Path
    port_base: int = DEFAULT_PORT_BASE
    outside: Mapping[str, str] = field(default_factory=dict)
    services: tuple[str, ...] = tuple(SERVICES)

    @property
    def log_dir(self) -> Path:
        """One log file per process."""
        return self.data_dir / "logs"

    @property
    def issuer(self) -> Issuer:
        """The token issuer, with the keys of this data directory."""
        return Issuer(self.data_dir / "keys", self.port_base + _ISSUER)

    @property
    def postgres(self) -> Postgres | None:
        """The embedded server; None when every service has a database of its own outside."""
        if not self.embedded_services:
            return None
        return Postgres(self.data_dir / "postgres", self.port_base + _POSTGRES)

    @property
    def kafka(self) -> Kafka | None:
        """The embedded broker; None when there is one outside."""
        if "KAFKA_BOOTSTRAP_SERVERS" in self.outside:
            return None
        return Kafka(self.data_dir / "kafka", self.port_base + _KAFKA, self.port_base + _CONTROLLER)

    @property
    def bootstrap_servers(self) -> str:
        """Where Kafka is."""
        return self.outside.get("KAFKA_BOOTSTRAP_SERVERS") or f"{ports.LOOPBACK}:{self.port_base + _KAFKA}"

    @property
    def stand_ins(self) -> StandIns:
        """The stand-ins for vendors and gateways."""
        return StandIns(self.data_dir, self.port_base, self.url("contact"), self.services)

    def url(self, service: str) -> str:
        """Where a service's API is."""
        return f"http://{ports.LOOPBACK}:{self.port_base + SERVICES[service]}"

    def worker_port(self, service: str) -> int:
        """Where a service's worker answers for its health and metrics."""
        return self.port_base + _WORKERS + SERVICES[service]

    def database(self, service: str) -> ServiceDatabase:
        """How to reach a service's database."""
        dsn = self.outside.get(_database_variable(service))
        if dsn is not None:
            return ServiceDatabase(service, self.outside.get(f"{_database_variable(service)}_OWNER", dsn), dsn)
        return self.credentials.database(service, self.port_base + _POSTGRES)

    def environment(self, service: str, port: int) -> dict[str, str]:
        """The settings of one process of a service."""
        values = {
            "DATABASE_URL": self.database(service).service_dsn,
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "JWKS_URL": self.issuer.jwks_url,
            "JWT_ISSUER": self.issuer.url,
            "HOST": ports.LOOPBACK,
            "PORT": str(port),
        }
        values |= self._own_name(service)
        values |= {f"{other.upper()}_URL": self.url(other) for other in _ASKS.get(service, ())}
        if service == "skiptrace":
            values["VENDOR_ENDPOINTS"] = json.dumps({"person_search": self.stand_ins.person_search.endpoint})
        if service == "contact":
            values |= self.stand_ins.settings_of_contact() | {"LINK_SECRET": self._secret("contact-links")}
        return {f"{service.upper()}_{name}": value for name, value in values.items()}

    def _own_name(self, service: str) -> dict[str, str]:
        """How a service that acts in its own name gets its tokens."""
        if service not in _CLIENTS:
            return {}
        secret = self.issuer.clients.secret_of(service, _CLIENTS[service])
        return {"TOKEN_URL": self.issuer.token_url, "CLIENT_ID": service, "CLIENT_SECRET": secret}

    def _secret(self, name: str) -> str:
        """A secret of this data directory, made when it is first asked for."""
        path = self.data_dir / "keys" / "secrets.json"
        known: dict[str, str] = read_json(path) or {}
        if name not in known:
            known[name] = secrets.token_urlsafe(32)
            write_json(path, known)
        return known[name]

    def commands_environment(self, service: str) -> dict[str, str]:
        """The settings of every command of a service; `migrate` works as the owner of the database."""
        owner = {f"{service.upper()}_MIGRATION_URL": self.database(service).owner_dsn}
        return self.environment(service, self.port_base + SERVICES[service]) | owner

    @property
    def embedded_services(self) -> tuple[str, ...]:
        """The services whose database is in the embedded server."""
        return tuple(service for service in self.services if _database_variable(service) not in self.outside)

    @property
    def credentials(self) -> Credentials:
        """The passwords of the services' roles."""
        return Credentials.load(self.credentials_path, tuple(SERVICES))

    @property
    def credentials_path(self) -> Path:
        """The file that keeps them."""
        return self.data_dir / "credentials.json"

    def ports(self) -> dict[str, int]:
        """Every port that this stack listens on, by what it is for."""
        taken = {"token issuer": self.issuer.port}
        if self.postgres is not None:
            taken["PostgreSQL"] = self.postgres.port
        if self.kafka is not None:
            taken["Kafka"] = self.kafka.port
            taken["Kafka controller"] = self.kafka.controller_port
        for service in self.services:
            taken[f"{service} API"] = self.port_base + SERVICES[service]
            taken[f"{service} worker"] = self.worker_port(service)
        return taken | {program.module: program.port for program in self.stand_ins.programs}


def outside_parts(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Read which parts the environment configures instead of embedded ones."""
    names = ["KAFKA_BOOTSTRAP_SERVERS"]
    for service in SERVICES:
        names += [_database_variable(service), f"{_database_variable(service)}_OWNER"]
    return {name: environment[name] for name in names if environment.get(name)}


def _database_variable(service: str) -> str:
    return f"DATABASE_URL_{service.upper()}"


def process_table(stack: Stack) -> list[ProcessSpec]:
    """All processes of the stack, each after what it needs. Embedded servers must have been prepared."""
    table = [_issuer(stack)]
    before_migration: tuple[str, ...] = ()
    if stack.postgres is not None:
        table += [stack.postgres.spec(), _databases(stack, stack.postgres)]
        before_migration = ("databases",)
    before_service: tuple[str, ...] = ("issuer",)
    if stack.kafka is not None:
        table.append(stack.kafka.spec())
        before_service = ("issuer", "kafka")
    table += [_stand_in(program) for program in stack.stand_ins.programs]
    for service in stack.services:
        table += _processes_of(stack, service, before_migration, before_service)
    return table


def _python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *arguments)


def _issuer(stack: Stack) -> ProcessSpec:
    issuer = stack.issuer
    return ProcessSpec(
        name="issuer",
        argv=_python("deploy.local.issuer", "--keys", str(issuer.key_dir), "--port", str(issuer.port)),
        cwd=ROOT,
        ready=_answers(issuer.jwks_url),
    )


def _stand_in(program: Program) -> ProcessSpec:
    probe, port = program.probe, program.port
    return ProcessSpec(
        name=program.module.replace("_", "-"),
        argv=_python(f"deploy.local.simulators.{program.module}", *program.arguments),
        cwd=ROOT,
        ready=_answers(probe) if probe is not None else lambda: ports.accepts(port),
    )


def _databases(stack: Stack, postgres: Postgres) -> ProcessSpec:
    credentials = ("--credentials", str(stack.credentials_path))
    return ProcessSpec(
        name="databases",
        argv=_python("deploy.local.databases", *credentials, *stack.embedded_services),
        env={"POSTGRES_ADMIN_URL": postgres.admin_dsn},
        cwd=ROOT,
        needs=("postgres",),
        once=True,
    )


def _processes_of(
    stack: Stack, service: str, before_migration: tuple[str, ...], before_service: tuple[str, ...]
) -> list[ProcessSpec]:
    module = f"services.{service}"
    migrate = f"{service}-migrate"

    api_port, worker_port = stack.port_base + SERVICES[service], stack.worker_port(service)
    return [
        ProcessSpec(
            name=migrate,
            argv=_python(module, "migrate"),
            env=stack.commands_environment(service),
            cwd=ROOT,
            needs=before_migration,
            once=True,
            ready_seconds=_START_SECONDS,
        ),
        ProcessSpec(
            name=f"{service}-worker",
            argv=_python(module, "worker"),
            env=stack.environment(service, worker_port),
            cwd=ROOT,
            needs=(*before_service, migrate),
            ready=_answers(f"http://{ports.LOOPBACK}:{worker_port}/readyz"),
            ready_seconds=_START_SECONDS,
            stop_seconds=_STOP_SECONDS,
        ),
        ProcessSpec(
            name=f"{service}-api",
            argv=_python(module, "api"),
            env=stack.environment(service, api_port),
            cwd=ROOT,
            needs=(*before_service, migrate),
            ready=_answers(f"{stack.url(service)}/readyz"),
            ready_seconds=_START_SECONDS,
            stop_seconds=_STOP_SECONDS,
        ),
    ]


def _answers(url: str) -> Callable[[], bool]:
    """Whether a GET is answered 200."""

    def ask() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=_PROBE_SECONDS) as answer:  # noqa: S310 (our own http address)
                return bool(answer.status == 200)  # noqa: PLR2004 (HTTP OK)
        except (urllib.error.URLError, OSError):
            return False

    return ask
