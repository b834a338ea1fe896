"""Compiles queue definitions to SQL over the account row `a`: names from a closed table, every value a parameter.

The same text serves the batch of one event, the nightly scan and the preview. Compiled once for each set of
definitions and cached; the business date is an SQL expression that the caller names, so it may be a parameter or the
column of a joined table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from services.accounts.domain.predicates import FIELDS, AllOf, AnyOf, Comparison, Kind, Not, Predicate
from services.accounts.domain.queues import QueueDefinition, rank_order
from services.accounts.tables.accounts import ACCOUNT
from shared.db.sets import given_rows

Definitions = tuple[QueueDefinition, ...]

_COMPUTED = {
    "days_past_due": "GREATEST({date} - {a}.oldest_unpaid_due_on, 0)",
    "over_limit_minor": "({a}.balance_minor - {a}.credit_limit_minor)",
    "days_since_broken_promise": "({date} - {a}.broken_promise_on)",
    "days_after_follow_up": "({date} - {a}.follow_up_due_on)",
}
_TYPES = {Kind.INTEGER: "bigint", Kind.DATE: "date", Kind.CHOICE: "text", Kind.SET: "text", Kind.PRESENCE: "text"}
_SYMBOLS = {"eq": "=", "ne": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_EPOCH = "DATE '1970-01-01'"


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL and the values of its own placeholders, in their order."""

    text: str
    args: tuple[Any, ...]


class _Compiler:
    """Writes expressions for one alias and business date, and collects the values they bind."""

    def __init__(self, *, first_parameter: int, business_date: str, account: str) -> None:
        self._first = first_parameter
        self._date = business_date
        self._a = account
        self._numbers: dict[tuple[str, Any], int] = {}

    @property
    def args(self) -> tuple[Any, ...]:
        return tuple(list(value) if isinstance(value, tuple) else value for _, value in self._numbers)

    def bind(self, value: object, sql_type: str) -> str:
        """The placeholder of a value: the only way by which one reaches the database."""
        number = self._numbers.setdefault((sql_type, value), self._first + len(self._numbers))
        return f"${number}::{sql_type}"

    def predicate(self, predicate: Predicate) -> str:
        match predicate:
            case AllOf(parts):
                return f"({' AND '.join(self.predicate(part) for part in parts)})" if parts else "TRUE"
            case AnyOf(parts):
                return f"({' OR '.join(self.predicate(part) for part in parts)})" if parts else "FALSE"
            case Not(part):
                return f"NOT {self.predicate(part)}"
            case Comparison():
                return self._comparison(predicate)

    def _comparison(self, comparison: Comparison) -> str:
        kind = FIELDS[comparison.field].kind
        left = self.field(comparison.field)
        match comparison.op:
            case "is_null":
                return f"(cardinality({left}) = 0)" if kind is Kind.SET else f"({left} IS NULL)"
            case "not_null":
                return f"(cardinality({left}) > 0)" if kind is Kind.SET else f"({left} IS NOT NULL)"
            case "contains":
                return f"({self.bind(comparison.value, _TYPES[kind])} = ANY({left}))"
            case "in":
                condition = f"{left} = ANY({self.bind(comparison.value, _TYPES[kind] + '[]')})"
            case op:
                condition = f"{left} {_SYMBOLS[op]} {self.bind(comparison.value, _TYPES[kind])}"
        # two-valued: a comparison with something unknown is false, so that its NOT is true
        return f"COALESCE({condition}, FALSE)"

    def field(self, name: str) -> str:
        computed = _COMPUTED.get(name)
        return computed.format(a=self._a, date=self._date) if computed else f"{self._a}.{FIELDS[name].name}"

    def matches(self, definition: QueueDefinition) -> str:
        """Whether the definition wants the account, its own creditor included."""
        wanted = self.predicate(definition.predicate)
        if definition.creditor_id is None:
            return wanted
        return f"({self._a}.creditor_id = {self.bind(definition.creditor_id, 'uuid')} AND {wanted})"

    def queue(self, definitions: Definitions) -> str:
        """The one CASE: the code of the queue that has the account, or null."""
        if not definitions:
            return "NULL::text"
        whens = (
            f"WHEN {self.matches(d)} THEN {self.bind(d.code, 'text')}" for d in sorted(definitions, key=rank_order)
        )
        return f"CASE {' '.join(whens)} END"

    def by_queue(self, definitions: Definitions, expressions: Sequence[str], otherwise: str) -> str:
        """The expression of the queue `q.queue`, definition by definition."""
        if not definitions:
            return otherwise
        whens = (
            f"WHEN {self.bind(definition.code, 'text')} THEN {expression}"
            for definition, expression in zip(definitions, expressions, strict=True)
        )
        return f"CASE q.queue {' '.join(whens)} ELSE {otherwise} END"

    def priority(self, definition: QueueDefinition) -> str:
        terms = [f"{self._weighed(field)} * {self.bind(weight, 'bigint')}" for field, weight in definition.priority]
        return f"({' + '.join(terms)})" if terms else "0::bigint"

    def _weighed(self, field: str) -> str:
        column = f"{self._a}.{FIELDS[field].name}"
        return f"COALESCE({column} - {_EPOCH}, 0)" if FIELDS[field].kind is Kind.DATE else column

    def reasons(self, definition: QueueDefinition) -> str:
        fallback = f"ARRAY[{self.bind(definition.code, 'text')}]"
        if not definition.reasons:
            return fallback
        items = ", ".join(
            f"CASE WHEN {self.predicate(reason.when)} THEN {self.bind(reason.code, 'text')} END"
            for reason in definition.reasons
        )
        return f"COALESCE(NULLIF(array_remove(ARRAY[{items}], NULL), ARRAY[]::text[]), {fallback})"


PLACED_BY = tuple(
    column.name
    for column in ACCOUNT.columns
    if column.name in FIELDS
    or column.name in ("account_id", "creditor_id", "credit_limit_minor", "queue", "calling_group")
)
"""The columns of an account that decide where it belongs, and when it is offered."""


@lru_cache(maxsize=32)
def placement_sql(definitions: Definitions, *, is_given: bool = False) -> Sql:
    """Selects where accounts belong now: `$1` account ids, `$2` and `$3` creditor ids and their business dates.

    `is_given`: `$1` are not ids but rows with the columns `PLACED_BY`, about to be saved.
    Columns: account_id, creditor_id, business_date, stored_queue, queue, priority, reasons, is_offerable and
    calling_group.
    """
    accounts = given_rows(ACCOUNT, PLACED_BY, "a") if is_given else "account a"
    chosen = "TRUE" if is_given else "a.account_id = ANY($1::uuid[])"
    compiler = _Compiler(first_parameter=4, business_date="b.business_date", account="a")
    queue = compiler.queue(definitions)
    priority = compiler.by_queue(definitions, [compiler.priority(d) for d in definitions], "0::bigint")
    reasons = compiler.by_queue(definitions, [compiler.reasons(d) for d in definitions], "ARRAY[]::text[]")
    offerable = compiler.by_queue(definitions, [compiler.predicate(d.offer_when) for d in definitions], "FALSE")
    return Sql(
        f"""
        SELECT a.account_id, a.creditor_id, b.business_date, a.queue AS stored_queue, q.queue,
               {priority} AS priority, {reasons} AS reasons, {offerable} AS is_offerable, a.calling_group
        FROM {accounts}
        JOIN unnest($2::uuid[], $3::date[]) AS b(creditor_id, business_date) ON b.creditor_id = a.creditor_id
        CROSS JOIN LATERAL (SELECT {queue} AS queue OFFSET 0) q
        WHERE {chosen}
        """,
        compiler.args,
    )


@lru_cache(maxsize=64)
def queue_scan_condition(
    definitions: Definitions,
    *,
    first_parameter: int,
    business_date: str,
    account: str = "a",
    restated: str | None = None,
) -> Sql:
    """True of an account whose work list is stale at `business_date` (an SQL expression): `refresh_queues` changes it.

    That is: another queue has it now, `offer_when` or a dated reason of its queue has turned, or the date until which
    its item was withheld has come. `restated` names a queue whose definition was changed: its items are also compared
    with its priority and reasons. `$first_parameter` and up belong to the condition.
    """
    compiler = _Compiler(first_parameter=first_parameter, business_date=business_date, account=account)
    open_item = f"FROM work_item w WHERE w.account_id = {account}.account_id AND w.closed_at IS NULL"
    parts = [
        f"{compiler.queue(definitions)} IS DISTINCT FROM {account}.queue",
        f"({account}.queue IS NOT NULL AND EXISTS (SELECT {open_item} AND w.withheld_until <= {business_date}))",
    ]
    differing = [(each.code, _differs(compiler, each, is_restated=each.code == restated)) for each in definitions]
    whens = " ".join(
        f"WHEN {compiler.bind(code, 'text')} THEN EXISTS (SELECT {open_item} AND ({' OR '.join(differs)}))"
        for code, differs in differing
        if differs
    )
    if whens:
        parts.append(f"CASE {account}.queue {whens} ELSE FALSE END")
    return Sql(f"({' OR '.join(parts)})", compiler.args)


def _differs(compiler: _Compiler, definition: QueueDefinition, *, is_restated: bool) -> list[str]:
    """How the item `w` of an account that stays in a queue can be stale."""
    found = []
    if definition.offer_when != AllOf(()):
        found.append(f"w.is_offerable IS DISTINCT FROM {compiler.predicate(definition.offer_when)}")
    if is_restated or any(_is_dated(reason.when) for reason in definition.reasons):
        found.append(f"w.reasons::text[] IS DISTINCT FROM {compiler.reasons(definition)}")
    if is_restated:
        found.append(f"w.priority IS DISTINCT FROM {compiler.priority(definition)}")
    return found


def _is_dated(predicate: Predicate) -> bool:
    """Whether a predicate may turn because the business date moves."""
    match predicate:
        case AllOf(parts) | AnyOf(parts):
            return any(map(_is_dated, parts))
        case Not(part):
            return _is_dated(part)
        case Comparison():
            return "{date}" in _COMPUTED.get(predicate.field, "")


@lru_cache(maxsize=32)
def preview_sql(definitions: Definitions, code: str) -> Sql:
    """Counts what `definitions` would put into queue `code`; `$1` limits it to creditors, or is null.

    Columns: matches, matches_past_due_minor, depth, past_due_minor, entering, leaving.
    """
    compiler = _Compiler(first_parameter=2, business_date="c.business_date", account="a")
    changed = next(definition for definition in definitions if definition.code == code)
    this = compiler.bind(code, "text")
    return Sql(
        f"""
        SELECT count(*) FILTER (WHERE p.wanted) AS matches,
               COALESCE(sum(p.past_due_minor) FILTER (WHERE p.wanted), 0)::bigint AS matches_past_due_minor,
               count(*) FILTER (WHERE p.queue = {this}) AS depth,
               COALESCE(sum(p.past_due_minor) FILTER (WHERE p.queue = {this}), 0)::bigint AS past_due_minor,
               count(*) FILTER (WHERE p.queue = {this} AND p.stored IS DISTINCT FROM {this}) AS entering,
               count(*) FILTER (WHERE p.stored = {this} AND p.queue IS DISTINCT FROM {this}) AS leaving
        FROM (
            SELECT a.past_due_minor, a.queue AS stored, {compiler.matches(changed)} AS wanted,
                   {compiler.queue(definitions)} AS queue
            FROM account a JOIN creditor c ON c.creditor_id = a.creditor_id
            WHERE c.business_date IS NOT NULL AND ($1::uuid[] IS NULL OR a.creditor_id = ANY($1::uuid[]))
            OFFSET 0
        ) p
        """,
        compiler.args,
    )
