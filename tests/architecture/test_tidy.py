"""The invariants of docs/architecture.md that no import rule can say, held against the text of the code itself."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = [path for top in ("services", "shared", "deploy") for path in sorted((ROOT / top).rglob("*.py"))]
SERVICES = sorted(path for path in (ROOT / "services").iterdir() if (path / "app.py").exists())
ROOMS = {
    "README.md", "__init__", "__main__", "app", "settings", "api", "schemas", "consumers", "handlers", "queries",
    "store", "tables", "gateways", "domain", "migrations",
}  # fmt: skip
# What a service reads besides its code: rules and the texts that they cite.
DATA = {"compliance": {"rules", "sources"}}
# The migrations are no part of a running service.
COMMITTERS = {"shared/http/transaction.py", "shared/messaging/consumer.py", "shared/jobs.py", "shared/db/migrations.py"}
DOMAINS = [path for path in CODE if "domain" in path.parts]


def _trees(paths: list[Path]) -> Iterator[tuple[str, ast.Module]]:
    for path in paths:
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def test_code_was_found() -> None:
    assert len(CODE) > 50
    assert [path.name for path in SERVICES] == ["accounts", "compliance", "contact", "payments", "skiptrace"]
    assert DOMAINS


def test_invariant_2_every_service_has_the_same_rooms_and_no_extra_file() -> None:
    for service in SERVICES:
        found = {entry.name if entry.suffix == ".md" else entry.stem for entry in service.iterdir()} - {"__pycache__"}
        found -= DATA.get(service.name, set())
        assert found <= ROOMS, f"{service.name}: {found - ROOMS}"
        assert ROOMS - found <= {"gateways"}, f"{service.name} lacks {ROOMS - found}"


def test_invariant_4_transactions_are_committed_in_three_files_only() -> None:
    committing = {
        name
        for name, tree in _trees(CODE)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "commit"
        and not node.args
        if not (name == "shared/db/transaction.py" and _is_connection(node.func.value))
    }
    assert committing <= COMMITTERS, committing - COMMITTERS


def _is_connection(node: ast.expr) -> bool:
    """`Tx.commit` itself ends in the commit of its connection; it is defined there and called elsewhere."""
    return isinstance(node, ast.Attribute) and node.attr == "conn"


@pytest.mark.parametrize("path", DOMAINS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_invariant_9_no_float_and_no_clock_in_a_domain(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), f"line {node.lineno}: a float"
        assert not (isinstance(node, ast.Name) and node.id == "float"), f"line {node.lineno}: float"
        assert not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)), (
            f"line {node.lineno}: / makes a float"
        )
        assert not (isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}), (
            f"line {node.lineno}: a clock"
        )


def test_invariant_3_domain_code_is_synchronous() -> None:
    for name, tree in _trees(DOMAINS):
        for node in ast.walk(tree):
            assert not isinstance(node, (ast.AsyncFunctionDef, ast.Await)), f"{name}:{node.lineno}"


def test_no_middleware_that_leaks_connections() -> None:
    for name, tree in _trees(CODE):
        for node in ast.walk(tree):
            assert not (isinstance(node, ast.Name) and node.id == "BaseHTTPMiddleware"), name


def test_no_room_is_called_after_nothing() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "base", "misc"}
    assert [str(path) for path in CODE if path.stem in vague] == []


def test_every_module_opens_with_its_contract() -> None:
    missing = [name for name, tree in _trees(CODE) if "/migrations/" not in name and not ast.get_docstring(tree)]
    assert missing == []


def test_every_ignored_lint_rule_has_its_reason() -> None:
    config = (ROOT / "pyproject.toml").read_text()
    ignore = config[config.index("ignore = [") : config.index("[tool.ruff.lint.flake8-tidy-imports]")]
    assert all("#" in line for line in ignore.splitlines() if line.strip().startswith('"'))


def test_nothing_names_the_host_of_a_package_registry() -> None:
    host = re.compile(
        r"(pypi\.org|pythonhosted\.org|repo1?\.maven|maven\.org|registry\.npmjs|deb\.debian)", re.IGNORECASE
    )
    committed = [
        path for path in ROOT.iterdir() if path.is_file() and path.suffix in {".lock", ".toml", ".yml", ".md", ""}
    ]
    committed += [*ROOT.glob("deploy/**/*.toml"), *ROOT.glob("deploy/**/*.y*ml"), *ROOT.glob("docs/**/*.md"), *CODE]
    assert [str(path) for path in committed if host.search(path.read_text(errors="replace"))] == []


def test_sql_is_built_from_constants_and_metadata_only() -> None:
    """An f-string that reaches the database may hold names of tables and columns, never a request's value."""
    for name, tree in _trees([path for path in CODE if "store" in path.as_posix() or "queries" in path.as_posix()]):
        for node in ast.walk(tree):
            if isinstance(node, ast.FormattedValue):
                reached = {inner.id for inner in ast.walk(node.value) if isinstance(inner, ast.Name)}
                assert not reached & {"request", "body", "payload", "command"}, f"{name}:{node.lineno}"
