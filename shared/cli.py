"""Every service's commands: `python -m services.<name> {api|worker|migrate|lag|dead-letters|replay|rebuild}`.

A service's `app.py` makes a `ServiceDescription`; its `__main__.py` runs `commands(description)()`.
"""

import asyncio
import json
import os
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Generic, NoReturn, TypeVar
from uuid import UUID

import typer
import uvloop
from fastapi import FastAPI
from pydantic import SecretStr, ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import Clock, SystemClock
from shared.db.engine import create_engine
from shared.db.revision import check_revision, scripts_of
from shared.errors import ArrearsError
from shared.http.server import keep_start, serve
from shared.jobs import run_chunk
from shared.messaging.dead_letter import DeadLetter, Selection
from shared.messaging.history import read_pages
from shared.messaging.lag import lag_lines
from shared.messaging.message import Subscription, group_of
from shared.messaging.offsets import OffsetReader
from shared.messaging.rebuild import Rebuild, RebuildReport, rebuild
from shared.messaging.replay import list_dead_letters, replay
from shared.messaging.stopped import stopped_at
from shared.messaging.worker import Worker
from shared.settings import ServiceSettings
from shared.telemetry.logging import configure_logging
from shared.telemetry.tracing import configure_tracing, shutdown_tracing

S = TypeVar("S", bound=ServiceSettings)


@dataclass(frozen=True, slots=True)
class ServiceDescription(Generic[S]):
    """What the commands need of a service. Everything is made when a command runs, nothing at import."""

    name: str
    settings: Callable[[], S]
    create_api: Callable[[S], FastAPI]
    create_worker: Callable[[S, AsyncEngine, Clock], Worker]
    subscriptions: Callable[[S], Sequence[Subscription]]
    """Also used by `replay` and `lag`."""
    rebuild: Callable[[S], Rebuild] | None = None
    """What the service derives, and how; None: it derives nothing."""


def commands(service: ServiceDescription[Any]) -> typer.Typer:
    """Return the command line of a service."""
    cli = typer.Typer(
        name=service.name,
        help=f"Run and look after the {service.name} service.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )

    _add_processes(cli, service)
    _add_dead_letters(cli, service)
    _add_lag(cli, service)
    if service.rebuild is not None:
        _add_rebuild(cli, service, service.rebuild)
    return cli


def _add_processes(cli: typer.Typer, service: ServiceDescription[Any]) -> None:
    @cli.command()
    def api() -> None:
        """Serve the HTTP API until SIGTERM."""
        settings = _settings(service)
        serve(service.create_api(settings), settings)

    @cli.command()
    def worker() -> None:
        """Consume, relay and do long work until SIGTERM."""
        settings = _settings(service)
        configure_logging(f"{service.name}-worker", level=settings.log_level)
        configure_tracing(
            f"{service.name}-worker", ratio=settings.trace_sample_ratio, otlp_endpoint=settings.otlp_endpoint
        )
        try:
            keep_start()
            _run(_work(service, settings), loop_factory=uvloop.new_event_loop)
        finally:
            shutdown_tracing()

    @cli.command()
    def migrate(
        revision: Annotated[str, typer.Option(help="Where to migrate to.")] = "head",
    ) -> None:
        """Bring the database to this release, as its owner (<SERVICE>_MIGRATION_URL, else <SERVICE>_DATABASE_URL)."""
        from shared.db.migrations import upgrade  # noqa: PLC0415 - alembic is for this command alone

        prefix = service.name.upper()
        url = os.environ.get(f"{prefix}_MIGRATION_URL") or os.environ.get(f"{prefix}_DATABASE_URL")
        if not url:
            _fail(f"set {prefix}_MIGRATION_URL to the address of the database, as its owner")
        upgrade(scripts_of(service.name), url, service_role=service.name, revision=revision)
        typer.echo(f"{service.name}: at {revision}")


def _add_dead_letters(cli: typer.Typer, service: ServiceDescription[Any]) -> None:
    @cli.command(name="dead-letters")
    def dead_letters(
        key: Annotated[str | None, typer.Option(help="Only those with this message key.")] = None,
        *,
        replayed: Annotated[bool, typer.Option("--replayed", help="Also those taken again.")] = False,
        limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    ) -> None:
        """List parked messages, one JSON object a line, without their values (they may be personal data)."""
        selection = Selection(key=key) if key is not None else Selection(everything=True)
        for letter in _run(_list(service, selection, limit=limit, is_open=not replayed)):
            typer.echo(json.dumps(_shown(letter)))

    @cli.command(name="replay")
    def replay_command(
        key: Annotated[str | None, typer.Option(help="Those with this message key.")] = None,
        event_id: Annotated[UUID | None, typer.Option(help="The one with this event id.")] = None,
        dead_letter: Annotated[UUID | None, typer.Option(help="The one with this dead letter id.")] = None,
        *,
        everything: Annotated[bool, typer.Option("--all", help="All that are open.")] = False,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which.")] = False,
    ) -> None:
        """Take dead letters again, through the handlers of this service."""
        try:
            selection = Selection(key=key, event_id=event_id, dead_letter_id=dead_letter, everything=everything)
        except ValueError as error:
            _fail(str(error))
        if not _run(_replay(service, selection, dry_run=dry_run)):
            raise typer.Exit(1)


def _add_lag(cli: typer.Typer, service: ServiceDescription[Any]) -> None:
    @cli.command()
    def lag() -> None:
        """Print how far each group of this service is behind and what is stopped, partition by partition; exits 0."""
        for line in _run(_lag(service)):
            typer.echo(line)


def _add_rebuild(cli: typer.Typer, service: ServiceDescription[Any], how: Callable[[Any], Rebuild]) -> None:
    @cli.command(name="rebuild")
    def rebuild_command(
        *, check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if a row differs.")] = False
    ) -> None:
        """Build all that is derived anew from its facts, name each row that differs, and put it right.

        Works as the owner of the database, as `migrate` does. Nobody else writes meanwhile.
        """
        report = _run(_rebuild(service, how, check=check))
        for each in report.differences:
            typer.echo(
                json.dumps({"table": each.table, "key": each.key, "stored": each.stored, "rebuilt": each.rebuilt})
            )
        for table, (before, after) in report.hashes.items():
            typer.echo(f"{table:<24}{before}  {after}  {'equal' if before == after else 'changed'}")
        verb = "differ" if check else "differed and are put right"
        typer.echo(f"{report.messages} messages read, {report.differing} rows {verb}")
        if check and report.differing:
            raise typer.Exit(1)


def _run(work: Coroutine[Any, Any, Any], *, loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None) -> Any:
    try:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            return runner.run(work)
    except ArrearsError as error:
        _fail(f"{type(error).__name__}: {error}")


def _settings(service: ServiceDescription[S]) -> S:
    """The service's settings; what its environment lacks is named, without any value."""
    try:
        return service.settings()
    except ValidationError as error:
        prefix = f"{service.name}_".upper()
        problems = error.errors(include_input=False)
        wrong = sorted({prefix + str(each["loc"][0]).upper() for each in problems if each["loc"]})
        together = [each["msg"] for each in problems if not each["loc"]]
        _fail(f"missing or wrong in the environment: {', '.join([*wrong, *together])}")


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(2)


async def _work(service: ServiceDescription[Any], settings: ServiceSettings) -> None:
    engine = create_engine(settings, application_name=f"{service.name} worker")
    try:
        await service.create_worker(settings, engine, SystemClock()).run()
    finally:
        await engine.dispose()


async def _list(
    service: ServiceDescription[Any], selection: Selection, *, limit: int, is_open: bool
) -> list[DeadLetter]:
    engine = create_engine(_settings(service), application_name=f"{service.name} dead-letters")
    try:
        return await list_dead_letters(engine, SystemClock(), selection, limit=limit, is_open=is_open)
    finally:
        await engine.dispose()


async def _replay(service: ServiceDescription[Any], selection: Selection, *, dry_run: bool) -> bool:
    settings = _settings(service)
    engine = create_engine(settings, application_name=f"{service.name} replay")
    try:
        subscriptions = service.subscriptions(settings)
        report = await replay(engine, SystemClock(), subscriptions, selection, dry_run=dry_run)
    finally:
        await engine.dispose()
    for letter in report.matched if dry_run else []:
        typer.echo(json.dumps(_shown(letter)))
    for dead_letter_id, code, detail in report.failed:
        typer.echo(json.dumps({"dead_letter_id": str(dead_letter_id), "failed_again": code, "detail": detail}))
    verb = "would be replayed" if dry_run else "replayed"
    typer.echo(f"{len(report.matched) if dry_run else len(report.replayed)} {verb}, {len(report.failed)} failed again")
    return not report.failed


async def _rebuild(service: ServiceDescription[Any], how: Callable[[Any], Rebuild], *, check: bool) -> RebuildReport:
    settings = _settings(service)
    what = how(settings)
    owner = os.environ.get(f"{service.name.upper()}_MIGRATION_URL")
    if owner:
        settings = settings.model_copy(update={"database_url": SecretStr(owner)})
    engine = create_engine(settings, application_name=f"{service.name} rebuild")

    async def is_at_rest() -> bool:
        async with OffsetReader(settings) as reader:
            ends = await reader.end_offsets(what.topics)
            return await reader.has_passed(group_of(service.name, "main"), ends)

    try:
        await check_revision(engine, scripts_of(service.name))
        return await rebuild(
            engine, SystemClock(), what, partial(read_pages, settings, what.topics), check=check, is_at_rest=is_at_rest
        )
    finally:
        await engine.dispose()


async def _lag(service: ServiceDescription[Any]) -> list[str]:
    settings = _settings(service)
    engine = create_engine(settings, application_name=f"{service.name} lag")
    try:
        stopped = await run_chunk(engine, SystemClock(), stopped_at)
    finally:
        await engine.dispose()
    return await lag_lines(settings, service.name, service.subscriptions(settings), stopped)


def _shown(letter: DeadLetter) -> dict[str, Any]:
    return {
        "dead_letter_id": str(letter.dead_letter_id),
        "topic": letter.raw.topic,
        "partition": letter.raw.partition,
        "offset": letter.raw.offset,
        "key": None if letter.raw.key is None else letter.raw.key.decode(errors="replace"),
        "event_id": None if letter.event_id is None else str(letter.event_id),
        "code": letter.code,
        "detail": letter.detail,
        "attempts": letter.attempts,
        "created_at": letter.created_at.isoformat(),
        "replayed_at": None if letter.replayed_at is None else letter.replayed_at.isoformat(),
    }
