"""What is written, signed and printed: templates, disclosures, signatures, links, letters."""

import re
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.compliance.domain.disclosures import DISCLOSURES
from services.contact.domain.disclosures import TEXTS, disclosures, language_of, language_of_message
from services.contact.domain.shipped_templates import SHIPPED
from services.contact.domain.signatures import gateway_signature, is_gateway_signed, link_token, message_of_link
from services.contact.domain.templates import Rendered, TemplateText, refuse_template, render
from shared.errors import Refusal

NAMES: dict[str, str | None] = {
    "given_name": "Pat", "family_name": "Doe", "company": "Harbor", "person": "Alex Gray", "phone": "555",
    "address": "1 Harbor St", "creditor": "Harbor CU", "past_due": "$1.00", "balance": "$2.00", "days_past_due": "3",
    "on": "March 11, 2026", "opt_out_url": "https://x/y", "license": "10000-99",
}  # fmt: skip


def test_every_disclosure_that_compliance_may_demand_has_words_in_both_languages() -> None:
    assert set(DISCLOSURES) <= set(TEXTS)
    for language in ("en", "es"):
        assert all(one.text for one in disclosures(DISCLOSURES, "phone", language, NAMES))


@pytest.mark.parametrize("template", SHIPPED, ids=lambda one: f"{one.code}-{one.channel}-{one.language}")
def test_a_shipped_template_can_be_filled_in_and_is_there_in_both_languages(template: TemplateText) -> None:
    assert refuse_template(template) is None
    twins = {one.language for one in SHIPPED if (one.code, one.channel) == (template.code, template.channel)}
    assert twins == {"en", "es"}
    assert not re.search(r"debt|deuda|collect|cobr", (template.subject or "").lower())


@given(st.lists(st.sampled_from(sorted(TEXTS)), unique=True), st.sampled_from(["email", "sms"]))
def test_every_demanded_disclosure_and_the_way_to_opt_out_stand_in_the_message(codes: list[str], channel: str) -> None:
    template = next(one for one in SHIPPED if one.channel == channel and one.language == "en")
    demanded = disclosures(codes, channel, "en", NAMES)  # type: ignore[arg-type]
    rendered = render(template, NAMES, demanded)
    assert isinstance(rendered, Rendered)
    assert all((one.text or "?") in rendered.body for one in demanded)
    assert TEXTS["sms_opt_out" if channel == "sms" else "email_opt_out"].en.split("{")[0] in rendered.body


def test_a_disclosure_without_words_stops_the_message() -> None:
    demanded = disclosures(["california_license_number"], "letter", "en", NAMES | {"license": None})
    refused = render(SHIPPED[0], NAMES, demanded)
    assert isinstance(refused, Refusal)
    unknown = render(SHIPPED[0], NAMES, disclosures(["something_new"], "email", "en", NAMES))
    assert isinstance(unknown, Refusal)


@pytest.mark.parametrize("body", ["{{ nothing }}", "{{ ''.__class__ }}", "{% for %}", "{{ 1 / 0 }}"])
def test_a_template_that_asks_for_what_is_not_there_is_refused(body: str) -> None:
    assert refuse_template(TemplateText("x", "sms", "en", 1, None, body)) is not None


def test_a_subject_stays_on_one_line() -> None:
    template = TemplateText("x", "email", "en", 1, "{{ given_name }}", "x")
    rendered = render(template, NAMES | {"given_name": "Pat\r\nBcc: everybody@example.com"}, ())
    assert isinstance(rendered, Rendered)
    assert "\n" not in (rendered.subject or "")


def test_the_language_is_what_is_demanded_else_what_is_spoken_else_english() -> None:
    assert [language_of(*pair) for pair in (("es", "en"), (None, "es-MX"), (None, "fr"), (None, None))] == [
        "es",
        "es",
        "en",
        "en",
    ]


@pytest.mark.parametrize(
    ("decided", "wanted", "party", "language"),
    [
        ("es", None, "es-MX", "es"),
        ("es", "en", "es-MX", "es"),
        ("en", "es", "en", "en"),
        ("en", "es", None, "es"),
        ("en", None, None, "en"),
        (None, "es", "en", "es"),
        (None, None, "es", "es"),
    ],
)
def test_a_message_keeps_the_language_that_its_person_speaks_and_else_is_in_the_one_that_was_asked_for(
    decided: str | None, wanted: str | None, party: str | None, language: str
) -> None:
    assert language_of_message(decided, wanted, party) == language


def test_the_gateways_signature_is_the_documented_one() -> None:
    # The worked example of the Messages API's security page.
    form = {
        "CallSid": "CA1234567890ABCDE", "Caller": "+12349013030", "Digits": "1234", "From": "+12349013030",
        "To": "+18005551212",
    }  # fmt: skip
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert gateway_signature("12345", url, form) == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="
    assert not is_gateway_signed("12345", url, form | {"Digits": "1235"}, "0/KCTR6DLpKmkAf8muzZqo1nDgQ=")


@given(st.text(max_size=80))
def test_no_link_is_good_that_was_not_made_here(token: str) -> None:
    assert message_of_link("secret", token) is None


def test_a_link_names_its_message_and_no_other() -> None:
    one = uuid4()
    token = link_token("secret", one)
    assert message_of_link("secret", token) == one
    assert message_of_link("another secret", token) is None
