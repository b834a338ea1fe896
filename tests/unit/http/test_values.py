"""The small values of the edge: cursors, entity tags, free text, fingerprints, roles."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.errors import Problem
from shared.http.etag import Precondition, etag
from shared.http.free_text import FreeText, holds_card_number
from shared.http.idempotency import fingerprint
from shared.http.pagination import decode_cursor, encode_cursor, page_of
from shared.http.problem import problem_response
from shared.http.roles import ROLES, SCOPES

MONEY_OUT = {"payments:write", "payments:reverse", "payments:reallocate", "arrangements:write", "settlements:write"}


@given(
    st.integers(-(2**63), 2**63 - 1),
    st.text().filter(lambda t: "\0" not in t and t.isprintable()),
    st.uuids(),
    st.dates(),
)
def test_a_cursor_gives_back_the_sort_key(number: int, text: str, uid: UUID, day: date) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    cursor = encode_cursor(number, text, uid, day, moment, None)

    assert decode_cursor(cursor, int, str, UUID, date, datetime, int) == (number, text, uid, day, moment, None)


@given(st.text(max_size=60))
def test_any_other_cursor_is_a_400_and_never_an_error(cursor: str) -> None:
    with pytest.raises(Problem) as caught:
        decode_cursor(cursor, int, UUID)
    assert (caught.value.status, caught.value.code) == (400, "cursor-invalid")


@pytest.mark.parametrize(
    "cursor", [encode_cursor(1), encode_cursor("1", "x"), encode_cursor(1.5, 2), encode_cursor(2**63 - 1, 1.5)]
)
def test_the_cursor_of_another_list_is_refused(cursor: str) -> None:
    with pytest.raises(Problem):
        decode_cursor(cursor, int, UUID)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "1899-12-31T00:00:00Z"])
def test_a_moment_at_the_ends_of_the_calendar_is_no_cursor(moment: str) -> None:
    with pytest.raises(Problem) as caught:
        decode_cursor(encode_cursor(moment), datetime)
    assert (caught.value.status, caught.value.code) == (400, "cursor-invalid")


def test_a_page_has_a_next_cursor_only_when_there_is_more() -> None:
    page = page_of([1, 2, 3], 2, encode_cursor)
    assert page.items == [1, 2]
    assert decode_cursor(page.next_cursor or "", int) == (2,)
    assert page_of([1, 2], 2, encode_cursor).next_cursor is None


def test_a_precondition_names_the_version_that_was_read() -> None:
    Precondition('"7"').check(7)
    Precondition('"6", "7"').check(7)
    Precondition("*").check(7)
    for passed in ('"6"', 'W/"7"', "7"):
        with pytest.raises(Problem) as caught:
            Precondition(passed).check(7)
        assert caught.value.status == 412
    assert etag(7) == '"7"'


CARDS = ["4111111111111111", "4111 1111 1111 1111", "3782-822463-10005", "6011.0009.9013.9424", "4222222222222"]


@pytest.mark.parametrize("card", CARDS)
def test_free_text_refuses_a_card_number_however_it_is_written(card: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(FreeText).validate_python(f"card is {card}, thanks")
    assert caught.value.errors()[0]["type"] == "card-number-refused"


def test_a_card_number_after_other_digits_is_found() -> None:
    assert holds_card_number("on 20260301 4111 1111 1111 1111")
    assert holds_card_number("on 2026-03-01 4111 1111 1111 1111")
    assert holds_card_number("4111 1111-1111.1111")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4111111111111112",
        "paid 12550 on 2026-03-01",
        "7d9f1a52-3f0e-4a3e-9a52-0a4c4c1f7a11",
        "dispute 94601262-4249-555c-bc40-3f3e77053f25",
        "call 555-867-5309",
        "on 2026-03-01 555-867-5303",
    ],
)
def test_other_text_is_let_through(text: str) -> None:
    assert TypeAdapter(FreeText).validate_python(text) == text


@given(st.uuids())
def test_no_uuid_is_taken_for_a_card_number(made: UUID) -> None:
    assert not holds_card_number(f"dispute {made}")
    assert holds_card_number(f"dispute {made} of 4111 1111 1111 1111")


@given(st.text(alphabet="0123456789", min_size=12, max_size=18))
def test_any_run_with_its_luhn_digit_is_refused(digits: str) -> None:
    found = [check for check in "0123456789" if holds_card_number(digits + check)]
    assert len(found) == 1


def test_the_fingerprint_is_of_the_content_and_of_where_it_goes() -> None:
    first = fingerprint("POST", "/v1/a", b"", b'{"a": 1, "b": 2}')
    assert first == fingerprint("POST", "/v1/a", b"", b'{"b":2,"a":1}')
    assert first != fingerprint("POST", "/v1/b", b"", b'{"b":2,"a":1}')
    assert first != fingerprint("POST", "/v1/a", b"x=1", b'{"b":2,"a":1}')
    assert first != fingerprint("POST", "/v1/a", b"", b'{"b":2,"a":2}')


def test_compliance_auditors_and_admins_move_no_money() -> None:
    for role in ("compliance_officer", "auditor", "admin"):
        assert not ROLES[role] & MONEY_OUT


def test_only_the_auditor_reads_the_audit_and_the_auditor_writes_nothing() -> None:
    assert [role for role, scopes in ROLES.items() if "audit:read" in scopes] == ["auditor"]
    assert all(scope.endswith(":read") for scope in ROLES["auditor"])


def test_supervisors_approve_reverse_edit_queues_and_run_aging_and_collectors_do_not() -> None:
    more = {"arrangements:approve", "payments:reverse", "queues:write", "aging:run"}
    assert more <= ROLES["supervisor"]
    assert not more & ROLES["collector"]
    assert not more & ROLES["senior_collector"]


def test_the_integrator_reads_imports_accounts_payments_and_its_dial_lists_only() -> None:
    reads = {scope for scope in ROLES["integrator"] if scope.endswith(":read")}
    assert reads == {"imports:read", "accounts:read", "payments:read", "dial_lists:read"}


def test_everybody_but_integrator_and_admin_reads_everything_but_the_audit() -> None:
    reads = {scope for scope in SCOPES if scope.endswith(":read")} - {"audit:read"}
    for role in ROLES.keys() - {"integrator", "admin"}:
        assert reads <= ROLES[role], role


def test_only_a_dialer_releases_records_and_reports_what_came_of_them() -> None:
    assert [role for role, scopes in ROLES.items() if "dial_results:write" in scopes] == ["integrator"]


@pytest.mark.parametrize("number", ["4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111"])
def test_a_problem_never_brings_a_card_number_back(number: str) -> None:
    detail = f"core reference '{number}' was used for another payment of 100000 on 2026-01-31."
    answer = problem_response(Problem("source-ref-conflict", detail, field="source_ref"))
    assert b"4111" not in bytes(answer.body)
    assert b"of 100000 on 2026-01-31." in bytes(answer.body)


def test_an_id_stays_in_a_problem_whatever_its_digits() -> None:
    identity = "41111111-1111-4111-8111-111111111111"
    answer = problem_response(Problem("payment-unknown", f"There is no payment {identity}."))
    assert identity.encode() in bytes(answer.body)
