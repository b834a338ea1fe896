"""`verify-books` and `verify-contacts`: exit code 0 when all is well, 1 when not, 2 when it cannot be told."""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import UUID

import typer
from rich.console import Console

from deploy.local import state
from deploy.local.books.difference import Check, as_report
from deploy.local.books.display import BOOKS, show
from deploy.local.books.rest import CannotCheckError
from deploy.local.books.verify import Place, verify_books
from deploy.local.contacts.verify import CONTACTS, Where, verify_contacts
from deploy.local.stack import Stack

DIFFERENT = 1
CANNOT_CHECK = 2
_TTL = timedelta(hours=1)
_WIDTH = 120


def reader_token(stack: Stack, creditor_id: UUID | None = None) -> str:
    """A token that reads everything, or one creditor."""
    return stack.issuer.mint(("auditor",), () if creditor_id is None else (creditor_id,), _TTL, "verify-books")


def place_of(stack: Stack, token: str) -> Place:
    """Where a stack is to be found."""
    return Place(
        accounts_url=stack.url("accounts"),
        accounts_database=stack.database("accounts").service_dsn,
        payments_database=stack.database("payments").service_dsn,
        bootstrap_servers=stack.bootstrap_servers,
        token=token,
    )


def contacts_of(stack: Stack) -> Where:
    """Where a stack keeps what it knows of contacts."""
    return Where(
        contact_database=stack.database("contact").service_dsn,
        compliance_database=stack.database("compliance").service_dsn,
        bootstrap_servers=stack.bootstrap_servers,
    )


def run(stack: Stack | None, *, creditor_id: UUID | None, wait_s: float, as_json: bool) -> None:
    """Checks the books, prints, and ends with the exit code. `stack` is None where there has been none."""

    async def check(up: Stack) -> Sequence[Check]:
        place = place_of(up, reader_token(up, creditor_id))
        return (await verify_books(place, creditor_id=creditor_id, wait_s=wait_s)).checks

    _run(stack, check, BOOKS, as_json=as_json)


def run_contacts(stack: Stack | None, *, creditor_id: UUID | None, wait_s: float, as_json: bool) -> None:
    """Checks the contacts, as `run` does the books."""

    async def check(up: Stack) -> Sequence[Check]:
        return await verify_contacts(contacts_of(up), creditor_id=creditor_id, wait_s=wait_s)

    _run(stack, check, CONTACTS, as_json=as_json)


def _run(
    stack: Stack | None,
    check: Callable[[Stack], Awaitable[Sequence[Check]]],
    verdicts: tuple[str, str],
    *,
    as_json: bool,
) -> None:
    began = time.perf_counter()
    try:
        checks = asyncio.run(_checked(stack, check))
    except CannotCheckError as error:
        if as_json:
            sys.stdout.write(json.dumps({"ok": None, "error": str(error)}) + "\n")
        Console(stderr=True).print(f"cannot check: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(CANNOT_CHECK) from None
    if as_json:
        sys.stdout.write(json.dumps(as_report(checks), indent=1) + "\n")
    else:
        console = Console()
        console = console if console.is_terminal else Console(width=_WIDTH)
        show(console, checks, time.perf_counter() - began, verdicts)
    raise typer.Exit(DIFFERENT if any(one.differences for one in checks) else 0)


async def _checked(stack: Stack | None, check: Callable[[Stack], Awaitable[Sequence[Check]]]) -> Sequence[Check]:
    found = None if stack is None else state.load(stack.data_dir)
    if stack is None or found is None or not found.is_supervised or found.phase is not state.Phase.UP:
        raise CannotCheckError("the stack is not up")
    return await check(stack)
