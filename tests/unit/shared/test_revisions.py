"""Which revision a release needs is told without alembic, and exactly as alembic tells it."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from shared.db.revision import _newest, _revisions, scripts_of

SERVICES = ("accounts", "contact", "payments", "skiptrace", "compliance")


@pytest.mark.parametrize("service", SERVICES)
def test_the_revisions_are_those_that_alembic_knows(service: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(scripts_of(service)))
    known = ScriptDirectory.from_config(config)
    found = _revisions(scripts_of(service))
    assert found == {one.revision: one.down_revision for one in known.walk_revisions()}
    assert _newest(found) == known.get_current_head()


def test_two_migrations_that_follow_the_same_one_are_refused(tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    for revision, before in (("1", None), ("2a", "1"), ("2b", "1")):
        content = f"revision = {revision!r}\ndown_revision = {before!r}\n"
        (tmp_path / "versions" / f"{revision}.py").write_text(content)
    with pytest.raises(ValueError, match="too many values"):
        _newest(_revisions(tmp_path))


@pytest.mark.parametrize("service", SERVICES)
def test_no_process_that_serves_loads_alembic(service: str) -> None:
    code = f"import sys, services.{service}.__main__; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
