"""Which revision of its database a release needs, and whether it has it.

The migrations are read, not loaded: no process but `migrate` needs alembic.
"""

import ast
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.errors import ArrearsError

_ROOT = Path(__file__).resolve().parents[2]
_STATED = frozenset({"revision", "down_revision"})


class SchemaOutOfDateError(ArrearsError):
    """The database is not at the revision that this release needs: run its migrations first."""


def scripts_of(service: str) -> Path:
    """Return the folder of a service's migrations."""
    return _ROOT / "services" / service / "migrations"


async def check_revision(engine: AsyncEngine, scripts: Path) -> None:
    """Assert at start that the database was migrated for this release.

    Raises:
        SchemaOutOfDateError: the newest migration in `scripts` has not run.
        ValueError: the migrations are not one line, each after another.
    """
    ours = _revisions(scripts)
    needed = _newest(ours)
    async with engine.connect() as connection:
        known = (await connection.execute(text("SELECT to_regclass('alembic_version')"))).scalar_one()
        found = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar() if known else None
    # A revision that this release does not know is a newer one: migrations stay compatible with the release before.
    if found is None or (found in ours and found != needed):
        raise SchemaOutOfDateError(f"the database is at revision {found}, this release needs {needed}: run `migrate`")


def _newest(revisions: Mapping[str, str | None]) -> str:
    """The one revision that no other follows."""
    [newest] = revisions.keys() - revisions.values()
    return newest


def _revisions(scripts: Path) -> dict[str, str | None]:
    """Each revision in the folder, and the one that it follows, as its file states them."""
    found: dict[str, str | None] = {}
    for file in (scripts / "versions").glob("*.py"):
        stated = _stated(file.read_text(encoding="utf-8"))
        found[str(stated["revision"])] = stated["down_revision"]
    return found


def _stated(source: str) -> dict[str, str | None]:
    """The identifiers that a migration assigns, by their names. Migrations state them as plain texts."""
    return {
        target.id: ast.literal_eval(statement.value)
        for statement in ast.parse(source).body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name) and target.id in _STATED
    }
