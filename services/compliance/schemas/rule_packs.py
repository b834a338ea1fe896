"""HTTP models of the rules in force."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field, StrictBool

from services.compliance.domain.sources import Confidence
from services.compliance.schemas.shape import Model


class SourceOut(Model):
    """The paragraph in which a rule stands, with the SHA-256 of its text and the text itself."""

    file: str
    paragraph: str
    sha256: str
    text: str | None = Field(default=None, description="As shipped; null when the shipped text is another by now.")
    confidence: Confidence | None = Field(
        default=None,
        description="`primary`: read in the text of the law. `secondary`: read elsewhere, counsel has to read the "
        "source. `unverified`: a draft. `policy`: an institution's own. Null with the text.",
    )


class RuleView(Model):
    """One version of one rule."""

    rule_id: str
    version: str
    title: str
    kind: Literal["law", "regulation", "guidance", "policy"]
    status: Literal["active", "draft", "retired"]
    effective_from: date
    effective_to: date | None
    jurisdiction: str
    roles: dict[str, Literal["law", "policy", "off"]]
    effect: str
    check: str
    params: dict[str, Any]
    citation: str
    source: SourceOut
    fail_mode: Literal["block", "needs_review"]
    note: str


class RulePackSummary(Model):
    """A pack of rules."""

    pack_id: str
    version: str
    title: str
    sha256: str
    active_rules: int
    draft_rules: int


class RulePackView(RulePackSummary):
    """A pack with its rules."""

    rules: tuple[RuleView, ...]


class PolicyRequest(Model):
    """Whether a policy rule holds for the creditor."""

    is_on: StrictBool = Field(examples=[False])


class PolicyView(Model):
    """A policy rule as a creditor has it."""

    rule_id: str
    is_on: bool
    set_at: datetime | None
    set_by: str | None
