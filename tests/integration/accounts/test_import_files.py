"""The core's extract: good files, and each way in which a file can be bad."""

from datetime import date
from typing import Any
from uuid import UUID

import orjson

from shared.db.transaction import Tx
from shared.http.pagination import encode_cursor
from shared.ids import contact_point_id, party_id
from shared.jobs import run_chunk
from tests.integration.accounts.desk import CLOCK, COLUMNS, CURRENT_LOAN, DAY, HEADER, LOAN, Desk, csv_of


async def test_a_first_import_opens_accounts_and_sets_the_business_date(desk: Desk) -> None:
    counts = await desk.take(LOAN, {**CURRENT_LOAN, "core_account_number": "L2", "party_number": "P2"})
    del counts["import_id"]
    assert counts == {
        "rows": 2, "opened": 2, "updated": 0, "unchanged": 0, "rejected": 0, "absent": 0, "warnings": 0,
    }  # fmt: skip
    account = await desk.account("L1")
    assert account["days_past_due"] == (DAY - date(2026, 2, 1)).days
    assert (account["bucket"], account["stage"], account["queue"]) == ("b30_59", "mid", "mid")
    dates = await desk.events("business_date.advanced", "creditor.updated")
    assert [(topic, version) for topic, _, version in dates] == [
        ("creditor.updated", 1), ("business_date.advanced", 2), ("creditor.updated", 3),
    ]  # fmt: skip
    assert dates[1][1]["business_date"] == DAY.isoformat()


async def test_the_same_file_again_changes_and_publishes_nothing(desk: Desk) -> None:
    await desk.take(LOAN)
    before = await desk.events()
    counts = await desk.take(LOAN)
    assert (counts["opened"], counts["updated"], counts["unchanged"]) == (0, 0, 1)
    assert await desk.events() == before


async def test_a_wrong_header_refuses_the_file_and_names_what_is_missing(desk: Desk) -> None:
    answer = await desk.send(csv_of(LOAN, header=HEADER.replace("past_due_minor,", "")))
    assert (answer.status_code, answer.json()["code"]) == (422, "header-invalid")
    assert "past_due_minor" in answer.json()["detail"]
    creditor = await desk.http.get(f"/v1/creditors/{desk.creditor_id}", headers=desk.headers("admin"))
    assert creditor.json()["business_date"] is None


async def test_a_file_whose_process_ended_is_closed_by_a_later_one(desk: Desk) -> None:
    """One that may still be read is left alone."""
    ids = [(await desk.take(LOAN))["import_id"] for _ in range(2)]

    async def end_without_a_word(tx: Tx) -> None:
        for import_id, days in zip(ids, (2, 0), strict=True):
            await tx.execute(
                "UPDATE import_file SET status = 'running', finished_at = NULL,"
                " started_at = started_at - make_interval(days => $2) WHERE import_id = $1",
                UUID(import_id),
                days,
            )
            await tx.execute("INSERT INTO import_row VALUES ($1, $1, 2, TRUE)", UUID(import_id))

    await run_chunk(desk.engine, CLOCK, end_without_a_word)
    await desk.take(LOAN)
    shown = [(await desk.http.get(f"/v1/imports/{each}", headers=desk.headers("integrator"))).json() for each in ids]
    assert [each["status"] for each in shown] == ["failed", "running"]

    async def held(tx: Tx) -> list[UUID]:
        return [row["import_id"] for row in await tx.fetch("SELECT import_id FROM import_row")]

    assert await run_chunk(desk.engine, CLOCK, held) == [UUID(ids[1])]


async def test_an_empty_file_is_refused(desk: Desk) -> None:
    assert (await desk.send("")).json()["code"] == "header-invalid"


async def test_an_unknown_column_is_ignored_with_a_warning(desk: Desk) -> None:
    counts = await desk.take(LOAN)
    assert counts["warnings"] == 0
    answer = await desk.send(csv_of({**LOAN, "branch": "7"}, header=f"{HEADER},branch"))
    assert answer.json()["rejected"] == 0
    warnings = await desk.issues(answer.json()["import_id"], "warnings")
    assert [(each["line"], each["field"], each["code"]) for each in warnings] == [(1, "branch", "column-unknown")]


async def test_a_truncated_last_line_is_rejected_and_the_lines_before_it_land(desk: Desk) -> None:
    body = csv_of(LOAN, {**LOAN, "core_account_number": "L2"})
    answer = await desk.send(body[: body.rindex(",P1")])
    counts = answer.json()
    assert (counts["rows"], counts["opened"], counts["rejected"]) == (2, 1, 1)
    errors = await desk.issues(counts["import_id"])
    assert [(each["line"], each["code"]) for each in errors] == [(3, "file-truncated")]


async def test_a_last_line_without_a_line_end_is_whole(desk: Desk) -> None:
    answer = await desk.send(csv_of(LOAN).removesuffix("\n"))
    assert answer.json()["opened"] == 1


async def test_a_byte_order_mark_and_crlf_are_taken(desk: Desk) -> None:
    answer = await desk.send(b"\xef\xbb\xbf" + csv_of(LOAN, end="\r\n").encode())
    assert (answer.status_code, answer.json()["opened"]) == (201, 1)


async def test_quoted_fields_hold_commas_quotes_and_line_ends(desk: Desk) -> None:
    row = {**LOAN, "street": '"1 Main St, ""Rear""\nUnit 2"'}
    answer = await desk.send(csv_of(row, {**LOAN, "core_account_number": "L2", "balance_minor": "x"}))
    assert answer.json()["opened"] == 1
    assert [each["line"] for each in await desk.issues(answer.json()["import_id"])] == [4]
    parties = await desk.events("party.updated")
    assert parties[0][1]["street"] == '1 Main St, "Rear"\nUnit 2'


async def test_a_stray_quote_spoils_its_own_line_only(desk: Desk) -> None:
    rows = [{**LOAN, "core_account_number": f"L{n}"} for n in range(30)]
    rows[1]["street"] = '5" pipe'
    counts = (await desk.send(csv_of(*rows))).json()
    assert (counts["opened"], counts["rejected"]) == (29, 1)
    assert [(each["line"], each["code"]) for each in await desk.issues(counts["import_id"])] == [(3, "quote-unclosed")]


async def test_each_bad_value_is_an_error_with_line_field_and_code_and_the_good_lines_land(desk: Desk) -> None:
    bad: list[tuple[dict[str, Any], str, str]] = [
        ({"past_due_minor": -1}, "past_due_minor", "amount-out-of-range"),
        ({"balance_minor": 10**16}, "balance_minor", "amount-out-of-range"),
        ({"balance_minor": "12.50"}, "balance_minor", "amount-invalid"),
        ({"balance_minor": "1.5e5"}, "balance_minor", "amount-invalid"),
        ({"balance_minor": "1e-5"}, "balance_minor", "amount-invalid"),
        ({"balance_minor": "1e99"}, "balance_minor", "amount-out-of-range"),
        ({"balance_minor": ""}, "balance_minor", "required"),
        ({"next_due_on": "2026-02-30"}, "next_due_on", "date-invalid"),
        ({"next_due_on": "04/01/2026"}, "next_due_on", "date-invalid"),
        ({"currency": "EUR"}, "currency", "currency-mismatch"),
        ({"product_class": "yacht"}, "product_class", "value-unknown"),
        ({"oldest_unpaid_due_on": ""}, "oldest_unpaid_due_on", "oldest-unpaid-due-on-required"),
        ({"oldest_unpaid_due_on": "2026-03-10"}, "oldest_unpaid_due_on", "oldest-unpaid-due-on-not-past"),
        ({"core_account_number": ""}, "core_account_number", "required"),
        ({"core_account_number": "4111 1111 1111 1111"}, "core_account_number", "card-number-refused"),
    ]
    rows = [{**LOAN, "core_account_number": f"B{n}", **change} for n, (change, _, _) in enumerate(bad)]
    counts = await desk.take(LOAN, *rows, {**LOAN, "core_account_number": "L2"})
    assert (counts["opened"], counts["rejected"]) == (2, len(bad))
    errors = [(each["line"], each["field"], each["code"]) for each in await desk.issues(counts["import_id"])]
    assert errors == [(n + 3, field, code) for n, (_, field, code) in enumerate(bad)]


async def test_a_whole_amount_that_a_program_wrote_as_1e_05_is_taken(desk: Desk) -> None:
    credit = {**CURRENT_LOAN, "core_account_number": "L2", "balance_minor": "-3e2"}
    counts = await desk.take({**LOAN, "balance_minor": "1E+05"}, credit)
    assert (counts["opened"], counts["rejected"]) == (2, 0)
    assert (await desk.account("L1"))["balance_minor"] == 100_000
    assert (await desk.account("L2"))["balance_minor"] == -300


async def test_a_duplicate_account_is_an_error_on_the_later_line_also_across_chunks(desk: Desk) -> None:
    others = [{**LOAN, "core_account_number": f"L{n}"} for n in range(2, 8)]
    again = {**LOAN, "balance_minor": 1}
    counts = await desk.take(LOAN, again, *others, again)
    assert (counts["opened"], counts["rejected"]) == (7, 2)
    errors = [(each["line"], each["code"]) for each in await desk.issues(counts["import_id"])]
    assert errors == [(3, "account-duplicate"), (10, "account-duplicate")]
    assert (await desk.account("L1"))["balance_minor"] == LOAN["balance_minor"]


async def test_a_line_that_is_not_utf8_is_rejected_alone(desk: Desk) -> None:
    body = csv_of({**LOAN, "city": "Z\xfcrich"}, {**LOAN, "core_account_number": "L2"}).encode("latin-1")
    counts = (await desk.send(body)).json()
    assert (counts["opened"], counts["rejected"]) == (1, 1)
    assert (await desk.issues(counts["import_id"]))[0]["code"] == "encoding-invalid"


async def test_a_line_with_too_few_or_too_many_columns_is_rejected_alone(desk: Desk) -> None:
    body = csv_of(LOAN) + "X1,credit_card\n" + csv_of({**LOAN, "core_account_number": "L2"}).partition("\n")[2]
    body += "X2" + "," * len(COLUMNS) + "\n"
    counts = (await desk.send(body)).json()
    assert (counts["opened"], counts["rejected"]) == (2, 2)
    assert {each["code"] for each in await desk.issues(counts["import_id"])} == {"column-count"}


async def test_ndjson_takes_the_same_rows_with_more_parties(desk: Desk) -> None:
    body = (
        '{"core_account_number":"N1","product_class":"credit_card","currency":"USD","balance_minor":500,'
        '"parties":[{"party_number":"P1","given_name":"Ada","contact_points":[{"kind":"phone","value":"2025550123",'
        '"label":"mobile"}]},{"party_number":"P2","role":"cosigner"}]}\n'
        "not json\n"
        '{"core_account_number":"N2","product_class":"credit_card","currency":"USD","balance_minor":1.5}\n'
        '{"core_account_number":"N3","product_class":"credit_card"'
    )
    counts = (await desk.send(body, kind="application/x-ndjson")).json()
    assert (counts["rows"], counts["opened"], counts["rejected"]) == (4, 1, 3)
    codes = [(each["line"], each["code"]) for each in await desk.issues(counts["import_id"])]
    assert codes == [(2, "json-invalid"), (3, "amount-invalid"), (4, "file-truncated")]
    parties = [payload for _, payload, _ in await desk.events("party.updated")]
    assert len(parties) == 2
    assert [point["value"] for party in parties for point in party["contact_points"]] == ["+12025550123"]


async def test_a_phone_that_cannot_be_one_is_left_out_with_a_warning(desk: Desk) -> None:
    counts = await desk.take({**LOAN, "phone": "12"})
    assert (counts["opened"], counts["warnings"]) == (1, 1)
    assert (await desk.issues(counts["import_id"], "warnings"))[0]["code"] == "phone-invalid"
    points = (await desk.events("party.updated"))[0][1]["contact_points"]
    assert [point["kind"] for point in points] == ["email"]


HOME = {"street": "12 Example  Avenue", "city": "Springfield", "region": "IL", "postal_code": "62704"}
HOME_LINE = "12 example avenue, springfield, il 62704"


async def test_the_address_of_a_row_is_a_contact_point_of_its_party(desk: Desk) -> None:
    counts = await desk.take({**LOAN, **HOME})
    party = (await desk.events("party.updated"))[0][1]
    (address,) = [point for point in party["contact_points"] if point["kind"] == "address"]
    assert address == {
        "contact_point_id": str(contact_point_id(party_id(desk.creditor_id, "P1"), "address", HOME_LINE)),
        "kind": "address",
        "value": HOME_LINE,
        "label": "home",
        **HOME,
    }
    assert (counts["opened"], counts["warnings"]) == (1, 0)
    again = await desk.take({**LOAN, **HOME, "street": "12 EXAMPLE avenue"}, day=date(2026, 3, 11))
    assert again["updated"] == 1  # written anew it is the same contact point, and the party as it is written now
    party = (await desk.events("party.updated"))[1][1]
    (same,) = [point for point in party["contact_points"] if point["kind"] == "address"]
    assert (same["contact_point_id"], same["street"]) == (address["contact_point_id"], "12 EXAMPLE avenue")


async def test_a_town_without_a_street_is_no_address_that_can_be_reached(desk: Desk) -> None:
    await desk.take({**LOAN, **HOME, "street": None})
    party = (await desk.events("party.updated"))[0][1]
    assert {point["kind"] for point in party["contact_points"]} == {"phone", "email"}


async def test_ndjson_takes_an_address_of_its_own_on_a_line_or_in_its_parts(desk: Desk) -> None:
    work = {"kind": "address", "label": "work", "street": "1 Mill Road", "city": "Reno", "region": "NV"}
    line = {"kind": "address", "value": " 9 Quay,  Portland, ME 04101"}
    home = {"kind": "address", "value": HOME_LINE.upper()}
    joint = {"party_number": "P2", "role": "joint", **HOME, "contact_points": [work, line, home]}
    row = {**{name: value for name, value in LOAN.items() if value is not None}, "parties": [joint]}
    answer = await desk.send(orjson.dumps(row) + b"\n", kind="application/x-ndjson")
    assert (answer.json()["opened"], answer.json()["warnings"]) == (1, 0), answer.text
    party = next(body for _, body, _ in await desk.events("party.updated") if body["street"])
    assert {(p["value"], p["label"], p["street"], p["region"]) for p in party["contact_points"]} == {
        ("1 mill road, reno, nv", "work", "1 Mill Road", "NV"),
        ("9 quay, portland, me 04101", "other", None, None),
        (HOME_LINE, "home", HOME["street"], "IL"),
    }


async def test_an_address_point_without_a_line_and_without_a_street_spoils_its_line_only(desk: Desk) -> None:
    row = {"core_account_number": "N1", "product_class": "credit_card", "currency": "USD", "balance_minor": 500}
    nameless = {**row, "parties": [{"party_number": "P1", "contact_points": [{"kind": "address", "city": "Reno"}]}]}
    body = orjson.dumps(nameless) + b"\n" + orjson.dumps({**row, "core_account_number": "N2"})
    answer = await desk.send(body, kind="application/x-ndjson")
    assert (answer.json()["opened"], answer.json()["rejected"]) == (1, 1)
    (issue,) = await desk.issues(answer.json()["import_id"])
    assert (issue["field"], issue["code"]) == ("parties.0.contact_points.0.value", "required")


async def test_a_party_is_published_only_when_it_changes(desk: Desk) -> None:
    await desk.take(LOAN)
    await desk.take(LOAN, day=date(2026, 3, 11))
    assert len(await desk.events("party.updated")) == 1
    await desk.take({**LOAN, "phone": "202-555-0199"}, day=date(2026, 3, 12))
    parties = await desk.events("party.updated")
    assert [version for _, _, version in parties] == [1, 2]
    assert {point["value"] for point in parties[1][1]["contact_points"]} == {"+12025550199", "ada@example.com"}


async def test_a_party_says_in_which_accounts_it_has_which_part(desk: Desk) -> None:
    def told(body: dict[str, Any]) -> set[tuple[str, str]]:
        return {(part["account_id"], part["role"]) for part in body["accounts"]}

    row = {name: value for name, value in LOAN.items() if value is not None}
    both = {**row, "parties": [{"party_number": "P2", "role": "cosigner", "phone": "202-555-0199"}]}
    await desk.send(orjson.dumps(both), kind="application/x-ndjson")
    loan, other = str(desk.id_of("L1")), str(desk.id_of("L2"))
    primary, cosigner = (body for _, body, _ in await desk.events("party.updated"))
    assert (told(primary), told(cosigner)) == ({(loan, "primary")}, {(loan, "cosigner")})

    await desk.take({**LOAN, "core_account_number": "L2", "party_number": "P2"})
    (_, cosigner, version) = (await desk.events("party.updated"))[-1]
    assert (told(cosigner), version) == ({(loan, "cosigner"), (other, "primary")}, 2)

    await desk.take(LOAN, day=date(2026, 3, 11))  # the core no longer names the cosigner
    await desk.run_jobs()
    (_, left, version) = (await desk.events("party.updated"))[-1]
    assert (left["party_id"], told(left), version) == (cosigner["party_id"], {(other, "primary")}, 3)
    assert "+12025550199" not in {point["value"] for point in left["contact_points"]}


async def test_two_accounts_of_a_party_add_their_contact_points(desk: Desk) -> None:
    rows = (LOAN, {**LOAN, "core_account_number": "L2", "phone": "202-555-0199"})
    await desk.take(*rows)
    before = await desk.events("party.updated")
    assert {point["value"] for point in before[-1][1]["contact_points"] if point["kind"] == "phone"} == {
        "+12025550123",
        "+12025550199",
    }
    await desk.take(*rows, day=date(2026, 3, 11))
    assert await desk.events("party.updated") == before


async def test_a_row_that_does_not_fit_is_taken_with_a_warning(desk: Desk) -> None:
    counts = await desk.take({**LOAN, "past_due_minor": 5})
    assert (counts["opened"], counts["warnings"]) == (1, 1)
    assert (await desk.issues(counts["import_id"], "warnings"))[0]["code"] == "past-due-misfit"
    assert (await desk.account())["past_due_minor"] == 5


async def test_an_account_missing_from_a_complete_file_has_nothing_past_due_until_it_returns(desk: Desk) -> None:
    others = [{**LOAN, "core_account_number": f"L{n}"} for n in range(2, 12)]
    await desk.take(LOAN, *others)
    counts = await desk.take(*others, day=date(2026, 3, 11), complete=True)
    assert (counts["absent"], counts["warnings"]) == (1, 0)
    absent = await desk.account("L1")
    assert (absent["past_due_minor"], absent["bucket"], absent["balance_minor"]) == (0, "current", 100_000)
    assert absent["queue"] is None
    assert (await desk.account("L2"))["past_due_minor"] == 20_000
    again = await desk.take(*others, day=date(2026, 3, 11), complete=True)
    assert (again["absent"], again["unchanged"]) == (1, 10)
    await desk.take(LOAN, day=date(2026, 3, 11))
    assert (await desk.account("L1"))["past_due_minor"] == 20_000


async def test_a_rejected_row_is_present(desk: Desk) -> None:
    await desk.take(LOAN)
    counts = await desk.take({**LOAN, "balance_minor": "x"}, day=date(2026, 3, 11), complete=True)
    assert (counts["rejected"], counts["absent"]) == (1, 0)
    assert (await desk.account("L1"))["past_due_minor"] == 20_000


async def test_above_a_tenth_of_the_delinquent_accounts_absent_none_is_changed(desk: Desk) -> None:
    others = [{**LOAN, "core_account_number": f"L{n}"} for n in range(2, 10)]
    await desk.take(LOAN, *others)
    counts = await desk.take(*others, day=date(2026, 3, 11), complete=True)
    assert (counts["absent"], counts["warnings"]) == (0, 1)
    assert (await desk.issues(counts["import_id"], "warnings"))[0]["code"] == "absences-above-limit"
    assert (await desk.account("L1"))["past_due_minor"] == 20_000


async def test_a_truncated_complete_file_makes_nobody_absent(desk: Desk) -> None:
    others = [{**LOAN, "core_account_number": f"L{n}"} for n in range(2, 20)]
    await desk.take(LOAN, *others)
    body = csv_of(*others)
    counts = (await desk.send(body[: body.rindex(",P1")], date(2026, 3, 11), complete=True)).json()
    assert counts["absent"] == 0
    assert "absences-unknown" in {each["code"] for each in await desk.issues(counts["import_id"], "warnings")}


async def test_an_unknown_creditor_is_404_and_a_day_after_today_is_refused(desk: Desk) -> None:
    assert (await desk.send(csv_of(LOAN), date(2999, 1, 1))).json()["code"] == "business-date-in-future"
    assert (await desk.send(csv_of(LOAN), date(1, 1, 1))).json()["code"] == "validation-error"
    token = desk.headers("integrator", desk.creditor_id)
    other = await desk.http.post(
        "/v1/imports/account-snapshots",
        params={"creditor_id": "00000000-0000-4000-8000-000000000001", "business_date": "2026-03-10"},
        content=b"",
        headers={**token, "Content-Type": "text/csv"},
    )
    assert (other.status_code, other.json()["code"]) == (404, "creditor-unknown")


async def test_another_content_type_is_refused(desk: Desk) -> None:
    assert (await desk.send("x", kind="application/json")).status_code == 415


async def test_errors_come_in_pages_and_only_to_who_may_see_the_creditor(desk: Desk) -> None:
    counts = await desk.take(*({**LOAN, "core_account_number": f"B{n}", "balance_minor": "x"} for n in range(5)))
    url = f"/v1/imports/{counts['import_id']}/errors"
    lines: list[int] = []
    cursor: str | None = None
    while True:
        query = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        page = (await desk.http.get(url, params=query, headers=desk.headers("integrator"))).json()
        lines += [each["line"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert lines == [2, 3, 4, 5, 6]
    beyond = await desk.http.get(url, params={"cursor": encode_cursor(2**40, 0)}, headers=desk.headers("integrator"))
    assert beyond.json() == {"items": [], "next_cursor": None}
    stranger = desk.headers("integrator", desk.id_of("someone else"))
    assert (await desk.http.get(url, headers=stranger)).json()["code"] == "import-unknown"


async def test_dates_that_make_no_sense_are_refused_and_those_that_only_describe_are_doubted(desk: Desk) -> None:
    header = f"{HEADER},status,charged_off_on,date_of_birth"
    gone = {"status": "charged_off", "charged_off_on": "2026-03-10", "past_due_minor": 0, "oldest_unpaid_due_on": ""}
    rows: list[tuple[dict[str, Any], str | None]] = [
        ({"oldest_unpaid_due_on": "0026-02-01"}, "date-out-of-range"),
        ({"opened_on": "0001-01-01"}, "date-out-of-range"),
        ({"oldest_unpaid_due_on": "9999-12-31"}, "oldest-unpaid-due-on-not-past"),
        ({**gone, "charged_off_on": "2026-03-11"}, "charged-off-on-in-future"),
        ({**gone, "oldest_unpaid_due_on": "2026-03-10"}, "oldest-unpaid-due-on-not-past"),
        (gone, None),
        ({"next_due_on": "9999-12-31"}, None),
        ({"next_due_on": "2026-03-10"}, None),
        ({"oldest_unpaid_due_on": "2024-02-29", "past_due_minor": 30_000}, None),
        ({"opened_on": "2026-03-11"}, None),
        ({"date_of_birth": "2030-01-01"}, None),
    ]
    lines = [{**LOAN, "core_account_number": f"D{n}", **change} for n, (change, _) in enumerate(rows)]
    counts = (await desk.send(csv_of(*lines, header=header))).json()
    errors = {each["line"]: each["code"] for each in await desk.issues(counts["import_id"])}
    assert [errors.get(n + 2) for n in range(len(rows))] == [code for _, code in rows]
    doubts = [(each["line"], each["code"]) for each in await desk.issues(counts["import_id"], "warnings")]
    assert (11, "opened-on-in-future") in doubts
    assert (12, "date-of-birth-in-future") in doubts
    charged_off = await desk.account("D5")
    assert (charged_off["days_past_due"], charged_off["stage"]) == (0, "recovery")
    assert (await desk.account("D6"))["next_due_on"] == "9999-12-31"
    timeline = await desk.http.get(f"/v1/accounts/{desk.id_of('D6')}/timeline", headers=desk.headers("collector"))
    assert timeline.json()["items"][0]["detail"]["next_due_on"] == "9999-12-31"


async def test_a_date_is_never_a_number_of_seconds(desk: Desk) -> None:
    await desk.take(LOAN)
    for path in (f"/v1/accounts/{desk.id_of('L1')}", f"/v1/accounts/{desk.id_of('L1')}/balance"):
        answer = await desk.http.get(path, params={"as_of": "1773100800"}, headers=desk.headers("collector"))
        assert answer.json()["code"] == "validation-error"
    answer = await desk.http.post(
        "/v1/imports/account-snapshots",
        params={"creditor_id": str(desk.creditor_id), "business_date": "1773100800"},
        headers={**desk.headers("integrator"), "Content-Type": "text/csv"},
    )
    assert answer.json()["code"] == "validation-error"
