"""The words of the law on contacts: roles, media, purposes, and whom a contact reaches."""

from enum import StrEnum


class Role(StrEnum):
    """The legal role in which a debt is collected: the creditor's `kind`."""

    CREDITOR = "creditor"
    SERVICER = "servicer"
    THIRD_PARTY_COLLECTOR = "third_party_collector"
    DEBT_BUYER = "debt_buyer"
    ATTORNEY = "attorney"
    REPOSSESSOR = "repossessor"


class Channel(StrEnum):
    """A medium of communication; `voicemail` is a call meant for a mailbox, `portal` our website or application."""

    PHONE = "phone"
    VOICEMAIL = "voicemail"
    EMAIL = "email"
    SMS = "sms"
    LETTER = "letter"
    IN_PERSON = "in_person"
    PORTAL = "portal"


CALLS = frozenset({Channel.PHONE, Channel.VOICEMAIL})
"""What places a telephone call; ringless voicemail is one, a text message is not (comment 14(b)-1)."""
ELECTRONIC = frozenset({Channel.EMAIL, Channel.SMS})


class Purpose(StrEnum):
    """Why the party is contacted; a rule names those that it covers."""

    COLLECTION = "collection"
    REQUIRED_NOTICE = "required_notice"
    REMEDY_NOTICE = "remedy_notice"
    SERVICE = "service"
    LOCATION = "location"
    REPLY = "reply"


class Direction(StrEnum):
    """Who initiated: we (`outbound`) or the consumer (`inbound`)."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"


class Recipient(StrEnum):
    """Who is contacted. The first six are the consumer in the sense of 12 CFR 1006.6(a)."""

    CONSUMER = "consumer"
    SPOUSE = "spouse"
    PARENT_OF_MINOR = "parent_of_minor"
    GUARDIAN = "guardian"
    PERSONAL_REPRESENTATIVE = "personal_representative"
    SUCCESSOR_IN_INTEREST = "successor_in_interest"
    CONSUMER_ATTORNEY = "consumer_attorney"
    CREDIT_BUREAU = "credit_bureau"
    CREDITOR = "creditor"
    CREDITOR_ATTORNEY = "creditor_attorney"
    COLLECTOR_ATTORNEY = "collector_attorney"
    THIRD_PARTY = "third_party"


PROFESSIONALS = frozenset(
    {
        Recipient.CONSUMER_ATTORNEY,
        Recipient.CREDIT_BUREAU,
        Recipient.CREDITOR,
        Recipient.CREDITOR_ATTORNEY,
        Recipient.COLLECTOR_ATTORNEY,
    }
)
"""Those of 12 CFR 1006.6(d)(1)(ii)-(vi): calls to them never count (1006.14(b)(3)(iii))."""


class Trait(StrEnum):
    """How the contact is made, where a rule asks for it."""

    RINGLESS = "ringless"
    AUTOMATED = "automated"  # dialled by an automatic telephone dialing system, 47 USC 227(a)(1)
    PRERECORDED = "prerecorded"  # artificial or prerecorded voice
    LIMITED_CONTENT = "limited_content"  # the voicemail of 12 CFR 1006.2(j)
    POSTCARD = "postcard"
    MARKED_ENVELOPE = "marked_envelope"  # an envelope that shows more than the address
    PUBLIC = "public"  # visible to the public or to the person's contacts
