"""Apache Kafka 4.3.1, the real broker in KRaft mode, one node on 127.0.0.1.

All its paths are relative to its own folder, so a data directory may have spaces, commas or a long name. Its log goes
to standard output, and from there into the file of its process.
"""

import base64
import os
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path

from deploy.local import ports
from deploy.local.jars import OnProgress, ensure_jars
from deploy.local.java import find_java
from deploy.local.process import Child, ProcessSpec

_FORMAT_SECONDS = 60
_LOGGING = """\
status = error
name = arrears
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %-5p %m (%c{1})%n
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
logger.request.name = kafka.request.logger
logger.request.level = warn
"""


class KafkaError(RuntimeError):
    """The broker's folder cannot be prepared; the message carries what Kafka said."""


class Kafka:
    """One broker, also its own controller. Its files live in `data_dir`; `heap` is the largest Java heap (`512m`).

    `settings` are its own on top of ours. `users` have their passwords in a storage that is formatted with them.
    `is_short_lived`: it lives for minutes or hours, not for weeks, and does without Java's second compiler, which takes
    a third of a processor in the first minutes for code that is 25 % faster after them.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int,
        controller_port: int,
        heap: str = "512m",
        *,
        is_short_lived: bool = True,
        settings: Mapping[str, str] | None = None,
        users: Mapping[str, str] | None = None,
    ) -> None:
        self.data_dir = data_dir.resolve()
        self.port = port
        self.controller_port = controller_port
        self.heap = heap
        self._is_short_lived = is_short_lived
        self.bootstrap_servers = f"{ports.LOOPBACK}:{port}"
        self._settings = dict(settings or {})
        self._users = dict(users or {})
        self._jars: list[Path] = []
        self._child: Child | None = None

    def prepare(self, on_progress: OnProgress = lambda _: None) -> None:
        """Fetch and check the jars, write the settings, format the storage when it is new.

        Raises JarError, JavaError, KafkaError.
        """
        self._jars = ensure_jars(on_progress)
        self.data_dir.mkdir(parents=True, exist_ok=True)
        (self.data_dir / "server.properties").write_text(self._properties())
        (self.data_dir / "log4j2.properties").write_text(_LOGGING)
        if not (self.data_dir / "data" / "meta.properties").exists():
            self._format()

    def spec(self, name: str = "kafka") -> ProcessSpec:
        """How to run it in the foreground, once it is prepared."""
        return ProcessSpec(
            name=name,
            argv=(*self._java(), "kafka.Kafka", "server.properties"),
            env=self._environment(),
            cwd=self.data_dir,
            ready=self.is_ready,
            ready_seconds=180,
            stop_seconds=30,
        )

    def is_ready(self) -> bool:
        """Whether it takes connections: the broker opens its port only once it may serve."""
        return ports.accepts(self.port)

    def start(self) -> None:
        """Prepare it, start it and wait until it is ready. Raises PortInUseError, ProcessError and prepare's errors."""
        self.prepare()
        ports.require_free({"Kafka": self.port, "Kafka controller": self.controller_port})
        self._child = Child(self.spec(), self.data_dir / "kafka.log", self.data_dir)
        self._child.wait_ready()

    def stop(self) -> None:
        """Stop it cleanly."""
        if self._child is not None:
            self._child.stop()
            self._child = None

    def _java(self) -> tuple[str, ...]:
        return (
            str(find_java()),
            f"-Xmx{self.heap}",
            "-Xms128m",
            *(("-XX:TieredStopAtLevel=1",) if self._is_short_lived else ()),
            "-XX:+ExitOnOutOfMemoryError",
            "-Djava.awt.headless=true",
            "-Dlog4j2.configurationFile=log4j2.properties",
        )

    def _environment(self) -> dict[str, str]:
        # In the environment, not on the command line: there 46 paths would hide everything else.
        jars = self._jars or ensure_jars()
        return {"CLASSPATH": os.pathsep.join(str(jar) for jar in jars)}

    def _properties(self) -> str:
        host = ports.LOOPBACK
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{host}:{self.controller_port}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{host}:{self.port},CONTROLLER://{host}:{self.controller_port}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap_servers}",
            "log.dirs": "data",
            # Topics are made by the services, with the settings that they need.
            "auto.create.topics.enable": "false",
            "group.initial.rebalance.delay.ms": "0",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "10",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "5",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            # Two of the defaults are made for large servers: 128 MiB of heap for the cleaner, 8 threads for I/O.
            "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
            "num.io.threads": "4",
        }
        return "".join(f"{key}={value}\n" for key, value in (settings | self._settings).items())

    def _format(self) -> None:
        argv = [*self._java(), "kafka.tools.StorageTool", "format", "-t", _new_cluster_id(), "-c", "server.properties"]
        for name, password in self._users.items():
            argv += ["--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]"]
        done = subprocess.run(  # noqa: S603 (our own Java and jars)
            argv,
            check=False,
            capture_output=True,
            text=True,
            timeout=_FORMAT_SECONDS,
            cwd=self.data_dir,
            env={**os.environ, **self._environment()},
        )
        if done.returncode != 0:
            raise KafkaError(f"Kafka could not format its storage:\n{done.stdout}{done.stderr}")


def _new_cluster_id() -> str:
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):  # the tool would take it for an option
            return text
