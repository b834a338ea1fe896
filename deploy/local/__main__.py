"""`python -m deploy.local`: bring the local stack up and down, look at it, get a token, run the demo."""

import json
import re
import shlex
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from deploy.local import lifecycle, state
from deploy.local.display import StartDisplay
from deploy.local.jars import JarError
from deploy.local.java import JavaError
from deploy.local.kafka import KafkaError
from deploy.local.ports import PortInUseError
from deploy.local.postgres import PostgresError
from deploy.local.process import ProcessError
from deploy.local.stack import DEFAULT_PORT_BASE, SERVICES, Stack, outside_parts
from deploy.local.status import description, print_addresses, print_status
from shared.http.roles import ROLES

app = typer.Typer(
    help="The whole of Arrears on this machine: PostgreSQL, Kafka, a token issuer and all services, without Docker.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_EXPECTED = (
    lifecycle.StackError,
    PortInUseError,
    JarError,
    JavaError,
    KafkaError,
    PostgresError,
    ProcessError,
    PermissionError,
)
# The demo makes creditors, imports as core banking does, agrees as a collector does, and runs aging; a member's consent
# is taken by a compliance officer.
_DEMO_ROLES = ("admin", "integrator", "collector", "supervisor", "compliance_officer")
_DEMO_TTL = timedelta(hours=12)
_UP = "python -m deploy.local up --detach"
_HIGHEST_BASE = 65_000
_TTL_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

DataDir = Annotated[Path, typer.Option("--data-dir", help="Where data, keys and logs are kept.")]
PortBase = Annotated[
    int | None,
    typer.Option(
        min=1024, max=_HIGHEST_BASE, help=f"Services listen on base+1 to base+5. [default: {DEFAULT_PORT_BASE}]"
    ),
]
Only = Annotated[
    list[str] | None, typer.Option("--only", help=f"Of {', '.join(SERVICES)}; may be repeated. [default: all]")
]
_DEFAULT_DATA_DIR = Path(".arrears")


@app.command()
def up(
    data_dir: DataDir = _DEFAULT_DATA_DIR,
    port_base: PortBase = None,
    only: Only = None,
    *,
    detach: Annotated[bool, typer.Option("--detach", help="Return when all is ready, leave it running.")] = False,
) -> None:
    """Start what is missing: returns (or says so) when every service is ready."""
    console = Console()
    directory = data_dir.resolve()
    found = lifecycle.running(directory)
    if found is not None and port_base not in {None, found.port_base}:
        raise lifecycle.StackError(
            f"the stack in {directory} is up with port base {found.port_base}: take it down first to move it"
        )
    if found is not None and only and _known(only) != _known(found.services):
        services = ", ".join(_known(found.services))
        raise lifecycle.StackError(f"the stack in {directory} is up with {services}: take it down first to change them")
    was_up = found is not None and found.phase is state.Phase.UP
    stack = _new_stack(directory, port_base, only) if found is None else _stack(directory)
    if was_up:
        console.print(f"The stack in {directory} is up already.")
        print_addresses(console, stack)
        return
    with StartDisplay(console) as display:
        if detach:
            lifecycle.up_detached(stack, display.starting, display.fetching)
            print_addresses(console, stack)
        else:
            lifecycle.up_here(stack, display.starting, display.fetching, lambda: print_addresses(console, stack))


@app.command()
def down(
    data_dir: DataDir = _DEFAULT_DATA_DIR,
    *,
    wipe: Annotated[bool, typer.Option("--wipe", help="Also remove the data; fetched jars stay.")] = False,
) -> None:
    """Stop every process of the stack, those that a killed supervisor left behind too."""
    directory = data_dir.resolve()
    was_running = lifecycle.running(directory) is not None
    orphans = lifecycle.down(directory, wipe=wipe)
    console = Console()
    for orphan in orphans:
        console.print(f"ended {orphan.name} (pid {orphan.pid}), which no supervisor watched")
    stopped = "The stack is down" if was_running or orphans else "Nothing was running"
    console.print(f"{stopped}; {'its data is removed' if wipe else f'data is kept in {directory}'}.")


@app.command()
def status(
    data_dir: DataDir = _DEFAULT_DATA_DIR,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for programs.")] = False,
) -> None:
    """Say what runs and where. Exit code 3 when the stack is not up."""
    directory = data_dir.resolve()
    stack = _stack(directory)
    found = state.load(directory)
    is_up = found is not None and found.is_supervised and found.phase is state.Phase.UP
    if found is not None and as_json:
        sys.stdout.write(json.dumps(description(stack, found), indent=2) + "\n")
    elif found is not None:
        print_status(found, is_up=is_up)
        print_addresses(Console(), stack)
    if not is_up:
        raise typer.Exit(3)


@app.command()
def token(
    role: Annotated[list[str], typer.Option(help=f"One of {', '.join(sorted(ROLES))}; may be repeated.")],
    creditor: Annotated[
        list[UUID] | None, typer.Option(help="Limit the token to this creditor; may be repeated.")
    ] = None,
    ttl: Annotated[str, typer.Option(help="How long it is valid: 30m, 1h, 7d.")] = "1h",
    sub: Annotated[str | None, typer.Option(help="Who it is for. [default: the role]")] = None,
    data_dir: DataDir = _DEFAULT_DATA_DIR,
) -> None:
    """Print one JWT and nothing else."""
    if unknown := [name for name in role if name not in ROLES]:
        raise typer.BadParameter(f"no role {unknown[0]!r}; roles are {', '.join(sorted(ROLES))}")
    stack = _stack(data_dir.resolve())
    sys.stdout.write(stack.issuer.mint(role, creditor or (), duration(ttl), sub) + "\n")


@app.command()
def env(
    service: Annotated[list[str] | None, typer.Argument(help=f"Of {', '.join(SERVICES)}. [default: all]")] = None,
    data_dir: DataDir = _DEFAULT_DATA_DIR,
) -> None:
    """Print the settings of a service as `export` lines, for its commands. They hold passwords.

    eval "$(python -m deploy.local env accounts)"; python -m services.accounts lag
    """
    named = _known(service)
    stack = _stack(data_dir.resolve())
    for name in named:
        for variable, value in stack.commands_environment(name).items():
            sys.stdout.write(f"export {variable}={shlex.quote(value)}\n")


@app.command()
def demo(data_dir: DataDir = _DEFAULT_DATA_DIR) -> None:
    """Live through a month of 15,000 real card accounts on the running stack, and check the books."""
    # Plots are slow to import, and only the demo needs them.
    from deploy.local.demo import main as run_demo  # noqa: PLC0415
    from deploy.local.demo.stack import demo_stack  # noqa: PLC0415

    directory = data_dir.resolve()
    found = lifecycle.running(directory)
    if found is None or found.phase is not state.Phase.UP:
        raise lifecycle.StackError(
            f"the stack in {directory} is not up: run `python -m deploy.local up --detach` first"
        )
    stack = _stack(directory)
    raise typer.Exit(run_demo(demo_stack(stack, _DEMO_ROLES, _DEMO_TTL)))


@app.command("verify-books")
def verify_books(
    data_dir: DataDir = _DEFAULT_DATA_DIR,
    *,
    creditor: Annotated[UUID | None, typer.Option(help="Check this creditor's books only.")] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait until everything is handled.")] = 60,
    as_json: Annotated[bool, typer.Option("--json", help="Every check and difference, for programs.")] = False,
) -> None:
    """Compute every state again from the facts. Exit code 1: the books do not balance; 2: it cannot be told."""
    # Clients of Kafka are slow to import, and only the checkers need them.
    from deploy.local.verify_books import run  # noqa: PLC0415

    run(_last_stack(data_dir), creditor_id=creditor, wait_s=wait, as_json=as_json)


@app.command("verify-contacts")
def verify_contacts(
    data_dir: DataDir = _DEFAULT_DATA_DIR,
    *,
    creditor: Annotated[UUID | None, typer.Option(help="Check this creditor's contacts only.")] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait until every contact is counted.")] = 60,
    as_json: Annotated[bool, typer.Option("--json", help="Every check and difference, for programs.")] = False,
) -> None:
    """Find contacts that a rule forbade. Exit code 1: there are some; 2: it cannot be told."""
    # As above.
    from deploy.local.verify_books import run_contacts  # noqa: PLC0415

    run_contacts(_last_stack(data_dir), creditor_id=creditor, wait_s=wait, as_json=as_json)


@app.command(hidden=True)
def supervise(data_dir: DataDir, port_base: PortBase, only: Only = None) -> None:
    """What `up --detach` leaves running."""
    lifecycle.supervise_detached(_new_stack(data_dir, port_base, only))


def _new_stack(directory: Path, port_base: int | None, only: Sequence[str] | None) -> Stack:
    return Stack(directory, port_base or DEFAULT_PORT_BASE, outside_parts(), _known(only))


def _known(services: Sequence[str] | None) -> tuple[str, ...]:
    """The services that were named, in their order, or all. Raises typer.BadParameter."""
    if unknown := [name for name in services or () if name not in SERVICES]:
        raise typer.BadParameter(f"no service {unknown[0]!r}; services are {', '.join(SERVICES)}")
    return tuple(name for name in SERVICES if not services or name in services)


def _last_stack(data_dir: Path) -> Stack | None:
    directory = data_dir.resolve()
    return None if state.load(directory) is None else _stack(directory)


def _stack(directory: Path) -> Stack:
    """The stack of a data directory, as it runs or ran last. Raises StackError when there has been none."""
    found = state.load(directory)
    if found is None:
        raise lifecycle.StackError(f"there is no stack in {directory}: run `{_UP}` first")
    return Stack(directory, found.port_base, found.outside, _known(found.services))


def duration(text: str) -> timedelta:
    """Read `45s`, `30m`, `1h` or `7d`. Raises typer.BadParameter."""
    match = re.fullmatch(r"(\d+)([smhd])", text)
    if match is None:
        raise typer.BadParameter(f"{text!r} is no duration: write 30m, 1h or 7d")
    return timedelta(**{_TTL_UNITS[match[2]]: int(match[1])})


def main() -> None:
    """Run a command; an expected failure is one clear message and exit code 1."""
    try:
        app()
    except _EXPECTED as error:
        Console(stderr=True).print(f"error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
