"""`What the words mean`: **creditor**, **account_id** and **party_id**, sentence by sentence."""

from uuid import UUID, uuid4, uuid5

import pytest

from tests.integration.creditor_book import LOAN, Book, open_book, refused_with
from tests.integration.world import World, read

CREDITOR = {"name": "Harbor", "kind": "creditor", "currency": "USD", "time_zone": "America/New_York"}


async def test_creditor_id_is_a_uuid_that_the_institution_chooses(world: World) -> None:
    chosen = uuid4()
    made = read(await world.accounts.client.put(f"/v1/creditors/{chosen}", json=CREDITOR))
    assert made["creditor_id"] == str(chosen)
    answer = await world.accounts.client.put("/v1/creditors/harbor", json=CREDITOR)
    assert refused_with(answer) == (422, "validation-error")


@pytest.mark.parametrize(
    "kind", ["creditor", "servicer", "third_party_collector", "debt_buyer", "attorney", "repossessor"]
)
async def test_kind_says_in_which_legal_role_we_collect(world: World, kind: str) -> None:
    creditor = uuid4()
    body = {**CREDITOR, "kind": kind}
    assert read(await world.accounts.client.put(f"/v1/creditors/{creditor}", json=body))["kind"] == kind
    body["kind"] = "friend"
    assert refused_with(await world.accounts.client.put(f"/v1/creditors/{creditor}", json=body))[0] == 422


async def test_debts_held_in_different_legal_roles_stand_under_different_creditor_ids(world: World) -> None:
    own, bought = await open_book(world), await open_book(world)
    await world.accounts.client.put(f"/v1/creditors/{bought.creditor_id}", json={**CREDITOR, "kind": "debt_buyer"})
    await own.take(balance_minor=100_000)
    await bought.take(balance_minor=70_000)
    await own.core_pays("R1", 10_000, "2026-03-11")
    await bought.core_pays("R1", 20_000, "2026-03-11")  # the same reference, in the other creditor's books
    assert own.id_of() != bought.id_of()
    assert await own.owes() == (90_000, 10_000, 9)  # paid: 1 February; open: 1 March
    assert await bought.owes() == (50_000, 0, 0)


async def test_all_accounts_of_a_creditor_have_its_currency(book: Book) -> None:
    counts = await book.send_file("2026-03-10", LOAN, {**LOAN, "core_account_number": "L2", "currency": "EUR"})
    assert (counts["opened"], counts["rejected"]) == (1, 1)
    changed = {**CREDITOR, "currency": "EUR"}
    answer = await book.world.accounts.client.put(f"/v1/creditors/{book.creditor_id}", json=changed)
    assert answer.status_code in {409, 422}
    refusal = await book.try_pay(10_000, currency="EUR")
    assert refused_with(refusal) == (422, "currency-mismatch")


async def test_account_id_is_uuid5_of_the_core_account_number_in_the_creditor(book: Book) -> None:
    await book.send_file("2026-03-10", {**LOAN, "core_account_number": "0007-L1"})
    wanted = uuid5(book.creditor_id, "0007-L1")
    found = read(await book.world.accounts.client.get(f"/v1/accounts/{wanted}"))
    assert found["core_account_number"] == "0007-L1"


async def test_account_ids_and_party_ids_are_those_that_other_languages_compute(world: World) -> None:
    # The first 16 bytes of SHA-1 over namespace and name, with version and variant set: RFC 9562, section 5.5.
    book = Book(world, UUID("6f2c1a34-90d5-4f0e-8f5e-3b1f8f1d2c77"))
    await world.put_creditor(book.creditor_id)
    await book.take()
    found = await book.account()
    assert found["account_id"] == "e76b1cb8-ba19-55e3-af01-a36f89ab6180"
    assert found["party_id"] == "5aa6f7ec-2cef-5b69-a70d-ff5a673e25a5"


async def test_party_id_is_uuid5_of_party_and_its_number_in_the_creditor(book: Book) -> None:
    await book.take(party_number="M-0042")
    assert (await book.account())["party_id"] == str(uuid5(book.creditor_id, "party:M-0042"))


async def test_a_payment_may_come_before_its_account(book: Book) -> None:
    await book.core_pays("R1", 10_000, "2026-03-11")
    early = read(await book.world.payments.client.get("/v1/payments", params={"account_id": book.id_of()}))["items"][0]
    assert (early["status"], early["unapplied_minor"]) == ("unapplied", 10_000)
    await book.take()
    assert (await book.payment_of(early))["status"] == "posted"
    assert await book.owes() == (90_000, 10_000, 9)


async def test_a_core_account_number_is_stripped_of_surrounding_white_space(book: Book) -> None:
    await book.take(core_account_number="  L1\t")
    assert (await book.account("L1"))["core_account_number"] == "L1"
    await book.core_pays("R1", 10_000, "2026-03-11", core_account_number=" L1 ")
    assert (await book.owes())[0] == 90_000


async def test_a_core_account_number_is_case_sensitive(book: Book) -> None:
    await book.send_file("2026-03-10", LOAN, {**LOAN, "core_account_number": "l1", "balance_minor": 50_000})
    assert (await book.owes("L1"))[0] == 100_000
    assert (await book.owes("l1"))[0] == 50_000


async def test_leading_zeros_and_suffix_of_a_core_account_number_are_kept(book: Book) -> None:
    rows = [
        {**LOAN, "core_account_number": number, "balance_minor": balance}
        for number, balance in (("12", 20_000), ("0012", 30_000), ("0012-S01", 40_000))
    ]
    await book.send_file("2026-03-10", *rows)
    assert [(await book.owes(number))[0] for number in ("12", "0012", "0012-S01")] == [20_000, 30_000, 40_000]
