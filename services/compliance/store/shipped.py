"""The rules and texts that are shipped with the service: the files of `rules/` and `sources/`, read from disk.

Packs come in the order of their file names. Raises RuleError or ValueError with the file's name: a service whose rules
cannot be read must not start.
"""

from collections.abc import Mapping
from pathlib import Path

from services.compliance.domain.rule_files import RuleError, parse_pack
from services.compliance.domain.rules import RuleBook, RulePack
from services.compliance.domain.sources import SourceFile, parse_source

_SERVICE = Path(__file__).resolve().parents[1]
RULES = _SERVICE / "rules"
SOURCES = _SERVICE / "sources"
INDEX = SOURCES / "index.sha256"


def shipped_packs() -> tuple[RulePack, ...]:
    """Every pack of `rules/`."""
    packs = []
    for path in sorted(RULES.glob("*.toml")):
        try:
            packs.append(parse_pack(path.read_text(encoding="utf-8")))
        except RuleError as error:
            raise RuleError(f"{path.name}: {error}") from error
    return tuple(packs)


def shipped_rules() -> RuleBook:
    """Every rule of every pack, drafts too. Raises ValueError when two packs contradict each other."""
    return RuleBook(tuple(rule for pack in shipped_packs() for rule in pack.rules))


def shipped_sources() -> Mapping[str, SourceFile]:
    """Every source file, by its name."""
    return {
        path.name: parse_source(path.name, path.read_text(encoding="utf-8")) for path in sorted(SOURCES.glob("*.txt"))
    }
