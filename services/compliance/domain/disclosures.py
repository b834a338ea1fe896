"""What a contact may have to carry: the closed set of disclosure codes that rules demand and templates fill.

A code says what the words must do; the words themselves, in each language, are the templates of whoever contacts.
"""

from collections.abc import Mapping
from types import MappingProxyType

DISCLOSURES: Mapping[str, str] = MappingProxyType(
    {
        "debt_collection_initial": (
            "Say that this is an attempt to collect a debt and that information obtained will be used for that"
            " purpose (12 CFR 1006.18(e)(1))."
        ),
        "debt_collector_subsequent": "Say that the communication is from a debt collector (12 CFR 1006.18(e)(2)).",
        "email_opt_out": (
            "State clearly a simple way to opt out of further e-mail to this address, free and without further data"
            " (12 CFR 1006.6(e))."
        ),
        "sms_opt_out": (
            "State clearly a simple way to opt out of further texts to this number, such as `Reply STOP`, free and"
            " without further data (12 CFR 1006.6(e))."
        ),
        "limited_content_message": (
            "Leave the limited-content message and nothing else: business name that does not tell of collection,"
            " request to reply, a person's name, a number to call (12 CFR 1006.2(j))."
        ),
        "location_script": (
            "Give your own name, say that you confirm or correct location information, name the employer only if"
            " asked; say nothing of a debt (12 CFR 1006.10(b))."
        ),
        "creditor_and_caller_name": (
            "Say the creditor's name, and the caller's first and last name or personal identifier (940 CMR 7.04(1)(d))."
        ),
        "california_license_number": (
            "Show the collector's California licence number in at least 12-point type (Cal. Civ. Code 1788.11)."
        ),
    }
)
