"""Writes the OpenAPI document of every service to docs/contracts/openapi: `python -m deploy.contracts [--check]`.

With `--check` nothing is written; it exits with 1 when a document is not what the code says. The documents of the
topics are written by `python -m shared.events.export`.
"""

import argparse
import difflib
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson
from fastapi import FastAPI

from deploy.local.stack import SERVICES as PLACES
from shared.cli import ServiceDescription

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "contracts" / "openapi"
SERVICES: tuple[ServiceDescription[Any], ...] = tuple(
    import_module(f"services.{service}.app").SERVICE for service in PLACES
)
# The routes of an app do not depend on these; an app cannot be made without them.
_NOWHERE = {
    "database_url": "postgresql://nobody@127.0.0.1:1/nothing",
    "kafka_bootstrap_servers": "127.0.0.1:1",
    "jwks_url": "http://127.0.0.1:1/jwks.json",
    "jwt_issuer": "http://127.0.0.1:1",
    # Of contact, which acts in its own name; the others pass over them.
    "token_url": "http://127.0.0.1:1/token",
    "client_id": "nobody",
    "client_secret": "nothing",
    "compliance_url": "http://127.0.0.1:1",
    "payments_url": "http://127.0.0.1:1",
    "accounts_url": "http://127.0.0.1:1",
}


def apps() -> dict[str, FastAPI]:
    """The app of each service, by its name, with nothing behind it: to be read, not run."""
    made: dict[str, FastAPI] = {}
    for service in SERVICES:
        settings: Any = service.settings(**_NOWHERE)
        made[service.name] = service.create_api(settings)
    return made


def documents() -> dict[str, bytes]:
    """The OpenAPI document of each service, by its name, as it is committed."""
    return {
        name: orjson.dumps(app.openapi(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
        for name, app in apps().items()
    }


def main() -> int:
    """Write or check. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a document is out of date")
    is_check = parser.parse_args().check
    stale = False
    for name, content in documents().items():
        path = FOLDER / f"{name}.json"
        committed = path.read_bytes() if path.exists() else b""
        if committed == content:
            continue
        if is_check:
            stale = True
            lines = difflib.unified_diff(
                committed.decode().splitlines(), content.decode().splitlines(), str(path), "the code", lineterm="", n=1
            )
            sys.stderr.write("\n".join(list(lines)[:40]) + f"\n{name}: run `make contracts`\n")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())
