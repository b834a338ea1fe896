"""What a stack looks like from outside: for people as tables, for programs as one object."""

from rich.console import Console
from rich.table import Table

from deploy.local import state
from deploy.local.stack import Stack


def description(stack: Stack, found: state.StackState) -> dict[str, object]:
    """What programs want to know of a stack: where its services are, their databases and processes."""
    return {
        "data_dir": str(stack.data_dir),
        "services": {
            service: {
                "url": stack.url(service),
                "database": stack.database(service).service_dsn,
                "processes": {role: found.pid_of(f"{service}-{role}") for role in ("api", "worker")},
            }
            for service in stack.services
        },
        "kafka": {"bootstrap_servers": stack.bootstrap_servers},
    }


def print_status(found: state.StackState, *, is_up: bool) -> None:
    """Say how far the stack is, and each process of it."""
    console = Console()
    console.print("The stack is up." if is_up else f"The stack is not up (last: {found.phase.value}).")
    if found.error is not None:
        console.print(found.error, markup=False, highlight=False)
    if not found.is_supervised:
        return
    table = Table("process", "state", "pid", "restarts", box=None)
    for one in found.statuses:
        pid = str(one.record.pid) if one.record is not None else ""
        table.add_row(one.name, one.state.value, pid, str(one.restarts or ""))
    console.print(table)


def print_addresses(console: Console, stack: Stack) -> None:
    """Say where everything is."""
    table = Table.grid(padding=(0, 2))
    for service in stack.services:
        table.add_row(service, f"{stack.url(service)}/docs")
    table.add_row("Kafka", stack.bootstrap_servers)
    table.add_row("logs", str(stack.log_dir))
    console.print(table)
