"""Where a contact point stands follows from its facts in any order; marks hold for the value."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contact.domain.contact_points import (
    CHANNELS_OF,
    OPTED_OUT,
    PointFacts,
    status_of,
    usable_channels,
    value_key,
    why_unusable,
)
from services.contact.domain.replies import asks_to_cease, meaning_of, refuses_calls, says_more, says_wrong_number
from services.contact.domain.verification import ENOUGH, Known, verify
from shared.events.contact import ContactChannel

NOON = datetime(2026, 3, 11, 16, tzinfo=UTC)
moments = st.none() | st.integers(0, 5).map(lambda days: NOON + timedelta(days=days))
points = st.builds(
    PointFacts,
    st.just(uuid4()),
    st.sampled_from(["phone", "email", "address"]),
    is_listed=st.booleans(),
    is_candidate=st.booleans(),
    verified_at=moments,
    invalid_at=moments,
    value_wrong_at=moments,
    opted_out=st.frozensets(st.sampled_from(["phone", "voicemail", "sms", "email", "letter"])),
)


@given(points)
def test_a_channel_may_be_used_exactly_when_no_rule_names_it(point: PointFacts) -> None:
    usable = usable_channels(point)
    for channel in CHANNELS_OF[point.kind]:
        assert (channel in usable) == (why_unusable(point, channel) is None)


@given(points)
def test_what_is_wrong_or_refused_is_never_used(point: PointFacts) -> None:
    if point.verified_at is None and (point.invalid_at is not None or point.value_wrong_at is not None):
        assert usable_channels(point) == ()
    assert not set(usable_channels(point)) & point.opted_out


@given(points)
def test_the_later_of_verified_and_invalid_holds(point: PointFacts) -> None:
    if point.verified_at is not None and point.invalid_at is not None:
        assert (status_of(point) == "invalid") == (point.invalid_at > point.verified_at)


@pytest.mark.parametrize("said", ["phone", "voicemail"])
def test_who_refuses_calls_refuses_voicemails_too_and_the_other_way_round(said: ContactChannel) -> None:
    point = PointFacts(uuid4(), "phone", is_listed=True, opted_out=frozenset({said}))
    assert usable_channels(point) == ("sms",)
    assert why_unusable(point, "phone") == why_unusable(point, "voicemail") == OPTED_OUT
    assert why_unusable(point, "sms") is None


def test_another_persons_wrong_number_stays_good_for_whom_it_was_verified() -> None:
    wrong = PointFacts(uuid4(), "phone", is_listed=True, value_wrong_at=NOON)
    theirs = PointFacts(uuid4(), "phone", is_listed=True, value_wrong_at=NOON, verified_at=NOON - timedelta(days=9))
    assert (status_of(wrong), status_of(theirs)) == ("invalid", "verified")


def test_one_value_has_one_key_whatever_its_case_and_spaces() -> None:
    assert value_key("email", " Pat@Example.COM ") == value_key("email", "pat@example.com")
    assert value_key("address", "1  Main St,\nAlbany") == value_key("address", "1 main st, albany")


@pytest.mark.parametrize(
    "text",
    [
        *("STOP", "stop.", " Opt out ", "unsubscribe!", "QUIT", "End", "Revoke", "cancel", "ALTO", "baja"),
        *("Please stop texting me", "stop sending me these messages", "do not contact me again", "leave me alone"),
        *("Don't text this number", "no more texts please", "take me off your list", "remove my number"),
        *("Opt me out", "wrong number", "No me escriban más", "no más mensajes", "dejen de mandarme mensajes"),
        *("quiero darme de baja", "elimine mi número"),
        *(
            "Please stop",
            "STOP please",
            "stop now",
            "Stop thanks",
            "Pls stop",
            "stop!!!",
            "Quit it already",
            "Cancel all of them",
        ),
        *("STOP.\n\nSent from my iPhone", "Stop\nSent from my Samsung Galaxy smartphone, have a nice day"),
        *(
            "Stop, I have had enough of this and will not ask again",
            "Please cease",
            "pare por favor",
            "Por favor, pare",
        ),
        *("STOP CALLING ME", "do not call me again", "cease all communication", "Cease and desist", "you must cease"),
        *("Don\u2019t text me", "no me llamen", "dejen de llamarme"),
    ],
)
def test_a_refusal_is_understood_in_any_reasonable_words(text: str) -> None:
    assert meaning_of(text) == "refusal"


@pytest.mark.parametrize(
    "text",
    [
        *("I will not stop paying", "yes", "", "ENDING soon", "When is it due?", "gracias", "I paid"),
        *(
            "Stopped at the branch and paid it",
            "I will stop by and call you",
            "Why don't you call me?",
            "no me llamo Juan",
        ),
        *("My father is deceased", "Stop payment on the check that I sent you", "End of the month"),
        *("I filed for bankruptcy, case 24-1234", "Talk to my lawyer", "This is not my debt"),
    ],
)
def test_what_refuses_nothing_is_for_a_person_to_read(text: str) -> None:
    assert meaning_of(text) == "other"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "STOP CALLING ME",
            "do not call me again",
            "please don\u2019t call",
            "Never call this number",
            "cease calling us",
        ),
        *("stop the phone calls", "no more calls please", "No me llamen más", "dejen de llamarme"),
    ],
)
def test_who_refuses_calls_by_text_refuses_calls_and_texts(text: str) -> None:
    assert refuses_calls(text)
    assert meaning_of(text) == "refusal"


@pytest.mark.parametrize(
    "text",
    ["STOP", "Please stop", "stop texting me", "I will call you", "Why don't you call me?", "You never called me back"],
)
def test_who_says_nothing_of_calls_refuses_none(text: str) -> None:
    assert not refuses_calls(text)


@pytest.mark.parametrize(
    "text",
    ["Cease and desist", "cease all communication", "Please cease any further contact", "Stop all communications"],
)
def test_who_asks_in_writing_that_communication_ceases_has_asked_for_that(text: str) -> None:
    assert asks_to_cease(text)
    assert meaning_of(text) == "refusal"


@pytest.mark.parametrize(
    "text", ["STOP", "stop texting me", "stop calling", "Please cease texting me", "cease calling"]
)
def test_who_refuses_a_medium_has_not_asked_that_all_communication_ceases(text: str) -> None:
    assert not asks_to_cease(text)


@pytest.mark.parametrize(
    "text",
    [
        "Stop, I filed for bankruptcy",
        "Wrong number, he died two years ago",
        "STOP. Talk to my lawyer Dana Reyes",
        "Please stop texting me, I paid it at the branch",
    ],
)
def test_what_is_said_beside_a_refusal_of_texts_is_for_a_person_to_read(text: str) -> None:
    assert meaning_of(text) == "refusal"
    assert says_more(text)


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "Please stop texting me",
        "Stop it now, thanks",
        "wrong number",
        "Stop\nSent from my phone",
        "Opt me out!",
    ],
)
def test_a_refusal_and_no_more_needs_no_reader(text: str) -> None:
    assert not says_more(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "wrong number",
            "You have the WRONG NUMBER!",
            "Wrong number, he died two years ago",
            "you\u2019ve the wrong person",
        ),
        *(
            "Número equivocado",
            "numero equivocado",
            "Persona equivocada",
            "se equivocó de número",
            "se equivoca de persona",
        ),
    ],
)
def test_who_writes_that_the_number_is_wrong_wants_no_texts_either(text: str) -> None:
    assert says_wrong_number(text)
    assert meaning_of(text) == "refusal"


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "I gave you the wrong number of my account",
        "I spoke to the wrong person",
        "The amount is wrong",
        "What number do I call?",
    ],
)
def test_what_is_wrong_besides_is_no_wrong_number(text: str) -> None:
    assert not says_wrong_number(text)


@pytest.mark.parametrize("text", ["HELP", "help?", "Ayuda", "INFO"])
def test_a_call_for_help_is_no_refusal(text: str) -> None:
    assert meaning_of(text) == "help"


def test_two_facts_must_fit_and_none_may_fail() -> None:
    known = Known(NOON.date(), "12207-1234", "Doe", None)
    assert verify(known, {"date_of_birth": NOON.date(), "postal_code": "12207"}, ()).is_verified
    assert not verify(known, {"date_of_birth": NOON.date()}, ()).is_verified
    assert verify(known, {"date_of_birth": NOON.date()}, ("photo_id",)).is_verified
    assert not verify(known, {"date_of_birth": NOON.date(), "postal_code": "99999"}, ("photo_id",)).is_verified
    assert verify(known, {"street": "anything", "family_name": "DOE"}, ()).matched == ("family_name",)
    assert ENOUGH == 2
