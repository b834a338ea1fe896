"""What was made says where it is read, with a key or without one."""

from tests.integration.contact.house import House


async def test_what_is_made_without_a_key_says_where_it_is(house: House) -> None:
    of_a1 = {"account_ids": [str(house.account("a1"))], "party_id": str(house.party("a1"))}
    wishes = (
        ("supervisor", "/v1/callbacks", of_a1 | {"callback_at": "2026-03-13T15:00:00Z"}),
        ("supervisor", "/v1/field-visits", of_a1 | {"scheduled_on": "2026-03-12"}),
        (
            "supervisor",
            "/v1/contact-points",
            {"party_id": of_a1["party_id"], "kind": "phone", "value": "+12125550188", "label": "mobile"},
        ),
        ("integrator", "/v1/dial-lists", {"queue": "early_stage", "size": 10}),
    )
    for role, path, body in wishes:
        made = await house.http.post(path, json=body, headers=house.token(role))
        assert made.is_success, made.text
        shown = await house.get(made.headers["Location"], role=role)
        assert shown.json() == made.json(), path
