"""How the candidates and the cases of one party stand, by its file. Pure: rows in, rows out.

A row that stays as it is comes back as it is, so that nothing is written or published for it.
"""

from dataclasses import dataclass, field
from datetime import datetime

from services.skiptrace.domain.candidate import Standing, Word, stand
from services.skiptrace.domain.confidence import Sighting, confidence
from services.skiptrace.domain.purpose import check_purpose
from services.skiptrace.domain.skip_trace import NO_CASE_BY_ITSELF, NO_SEARCH, Facts, Judgement, judge
from services.skiptrace.domain.unanswered import settles_at
from services.skiptrace.domain.waterfall import Choice
from services.skiptrace.store.files import File, Row


@dataclass(slots=True)
class Candidates:
    """The candidates of a party as they stand now, those of them that changed, and those that were just verified."""

    rows: list[Row] = field(default_factory=list)
    changed: list[Row] = field(default_factory=list)
    verified: list[tuple[Row, Word]] = field(default_factory=list)
    verified_at: datetime | None = None
    """When the latest of all that are verified was."""


def judge_candidates(file: File, now: datetime) -> Candidates:
    """Let each candidate stand as the words on it say."""
    judged = Candidates()
    for row in file.candidates:
        standing = stand(_words(file, row))
        new = _candidate(file, row, standing, now)
        judged.rows.append(new)
        if new is not row:
            judged.changed.append(new)
        if standing.status == "verified" and standing.word is not None:
            at = standing.word.at
            judged.verified_at = at if judged.verified_at is None else max(judged.verified_at, at)
            if row["status"] != "verified" or row["decided_at"] != at:
                judged.verified.append((new, standing.word))
    return judged


def _candidate(file: File, row: Row, standing: Standing, now: datetime) -> Row:
    new = {**row, "status": standing.status}
    if standing.word is not None and standing.word.at != row["decided_at"]:
        word, by = file.judgements.get(row["contact_point_id"], (None, ""))
        decided_by = by if word == standing.word else "events"
        new |= {"decided_at": standing.word.at, "decided_by": decided_by, "method": standing.word.method}
    is_known = row["version"] > 0 and row["contact_point_id"] not in file.resighted
    if is_known and (row["status"], row["decided_at"]) == (new["status"], new["decided_at"]):
        return row
    score = confidence([_sighting(one) for one in file.sightings[row["contact_point_id"]]], now.date())
    reasons = [{"code": one.code, "points": one.points, "fact": one.fact} for one in score.reasons]
    return new | {"confidence": score.score, "reasons": reasons, "version": row["version"] + 1}


def _words(file: File, row: Row) -> list[Word]:
    words: list[Word] = []
    mark = file.marks.get(row["contact_point_id"])
    if mark is not None and mark["verified_at"] is not None:
        words.append(Word(mark["verified_at"], is_right=True, method="right_party_contact"))
    if mark is not None and mark["invalid_at"] is not None:
        words.append(Word(mark["invalid_at"], is_right=False, method="right_party_contact"))
    if row["contact_point_id"] in file.judgements:
        words.append(file.judgements[row["contact_point_id"]][0])
    if row["decided_at"] is not None:
        words.append(Word(row["decided_at"], is_right=row["status"] == "verified", method=row["method"]))
    return words


def _sighting(row: Row) -> Sighting:
    return Sighting(row["source"], row["first_seen_on"], row["last_seen_on"], frozenset(row["matched_on"]))


def judge_case(
    file: File, trace: Row, verified_at: datetime | None, planned: Choice | None, now: datetime
) -> dict[str, object]:
    """A case as it stands now. `planned`: what the waterfall would do next; without it, an open case is due now."""
    facts = _facts(file, trace, verified_at)
    judged = judge(trace["status"], trace["reason"], facts, planned or Choice(wait_until=now))
    return {
        **trace,
        "status": judged.status,
        "reason": judged.reason,
        "resolved_at": _ended_at(trace, judged, facts, now),
        "search_at": _next_look(file, trace, judged, planned),
    }


def _ended_at(trace: Row, judged: Judgement, facts: Facts, now: datetime) -> datetime | None:
    """When a case ended, if it has. One whose party was reached ended then, however late that is told (adr 12)."""
    if judged.status == "located" and trace["status"] != "located":
        return facts.found_at
    if judged.reason is not None and trace["resolved_at"] is None:
        return now
    ended: datetime | None = trace["resolved_at"]
    return ended


def _facts(file: File, trace: Row, verified_at: datetime | None) -> Facts:
    searches = file.searches[trace["skip_trace_id"]]
    return Facts(
        is_cancelled=trace["cancelled_at"] is not None,
        is_erased=file.is_erased,
        is_owed=check_purpose(trace["permissible_purpose"], file.debt) is None,
        is_restricted=bool(file.restrictions & NO_SEARCH) or file.party is None,
        is_uncalled_for=trace["trigger"] != "manual" and not searches and bool(file.restrictions & NO_CASE_BY_ITSELF),
        found_at=_found_at(file, trace, verified_at),
        candidates=file.open_candidates,
        is_asked=any(search["status"] == "asked" for search in searches),
        has_searched=bool(searches),
    )


def _found_at(file: File, trace: Row, verified_at: datetime | None) -> datetime | None:
    """When the party was reached since what opened this case and before its end, by a talk or a verified candidate."""
    end = trace["resolved_at"]
    talks = [one["at"] for one in file.tries if one["is_right_party"]]
    found = [
        at
        for at in (*talks, verified_at)
        if at is not None and at >= trace["sought_since"] and (end is None or at <= end)
    ]
    return min(found, default=None)


def _next_look(file: File, trace: Row, judged: Judgement, planned: Choice | None) -> datetime | None:
    """When a worker looks at a case: to ask, when the lease of a search has run out, or to settle one unanswered."""
    asked, failed = _unsettled(file, trace)
    looks = [settles_at(one) for one in failed]
    if judged.choice is not None:
        looks.append(judged.choice.wait_until)
    elif judged.reason is not None:
        looks += [settles_at(one) for one in asked]
    elif asked:
        looks.append(trace["search_at"] if planned is None else planned.wait_until)
    return min((at for at in looks if at is not None), default=None)


def _unsettled(file: File, trace: Row) -> tuple[list[Row], list[Row]]:
    """The searches of a case whose cost is not known: those that are asked, and those that failed."""
    open_ones = [one for one in file.searches[trace["skip_trace_id"]] if one["settled_at"] is None]
    asked = [one for one in open_ones if one["status"] == "asked"]
    return asked, [one for one in open_ones if one["status"] != "asked"]
