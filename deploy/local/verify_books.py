"""`python -m deploy.local verify-books`: exit code 0 when the books balance, 1 when not, 2 when it cannot be told."""

import asyncio
import json
import sys
import time
from datetime import timedelta
from uuid import UUID

import typer
from rich.console import Console

from deploy.local import state
from deploy.local.books.display import show
from deploy.local.books.rest import CannotCheckError
from deploy.local.books.verify import Place, Verdict, verify_books
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


def run(stack: Stack | None, *, creditor_id: UUID | None, wait_s: float, as_json: bool) -> None:
    """Checks, prints, and ends with the exit code. `stack` is None where there has been none."""
    began = time.perf_counter()
    try:
        verdict = _verdict(stack, creditor_id, wait_s)
    except CannotCheckError as error:
        if as_json:
            sys.stdout.write(json.dumps({"ok": None, "error": str(error)}) + "\n")
        Console(stderr=True).print(f"cannot check: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(CANNOT_CHECK) from None
    if as_json:
        sys.stdout.write(json.dumps(verdict.as_json(), indent=1) + "\n")
    else:
        console = Console()
        show(console if console.is_terminal else Console(width=_WIDTH), verdict.checks, time.perf_counter() - began)
    raise typer.Exit(DIFFERENT if verdict.differences else 0)


def _verdict(stack: Stack | None, creditor_id: UUID | None, wait_s: float) -> Verdict:
    found = None if stack is None else state.load(stack.data_dir)
    if stack is None or found is None or not found.is_supervised or found.phase is not state.Phase.UP:
        raise CannotCheckError("the stack is not up")
    place = place_of(stack, reader_token(stack, creditor_id))
    return asyncio.run(verify_books(place, creditor_id=creditor_id, wait_s=wait_s))
