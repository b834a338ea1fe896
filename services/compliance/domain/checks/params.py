"""The parameters of each check: what a rule's `params` may say, with the value that holds when it says nothing.

A rule with a name, a type or a word that is not here is refused when it is read. Times of the day are `HH:MM`.
"""

from collections.abc import Container
from dataclasses import dataclass

from services.compliance.domain.calendar_days import minute_of
from services.compliance.domain.facts import Channel

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LABELS = frozenset({"mobile", "home", "work", "other"})


def _check(words: tuple[str, ...], known: Container[str], what: str) -> None:
    """Raise ValueError for a word that is none of the known ones: it would make a rule that never looks."""
    for word in words:
        if word not in known:
            raise ValueError(f"{word!r} is no {what}")


@dataclass(frozen=True, slots=True)
class NoParams:
    """The check needs none."""


@dataclass(frozen=True, slots=True)
class CallCount:
    """At most `max_calls` calls placed to one person about one debt on `window_days` consecutive calendar days."""

    max_calls: int = 7
    window_days: int = 7
    consent_days: int = 7  # how many days the person's consent to further calls lasts, its own day the first


@dataclass(frozen=True, slots=True)
class ConversationCooldown:
    """No call on the `window_days` calendar days that begin with the day of a conversation about the debt."""

    window_days: int = 7
    consent_days: int = 7


@dataclass(frozen=True, slots=True)
class ContactCount:
    """At most `max_contacts` of what is counted, on `window_days` consecutive calendar days, the request included.

    `channels`: which media count, and which a request must use for the rule to look. `per`: debt, party or number.
    `counts`: attempts (all), connected (attempts that reached a phone, a mailbox or went out), conversations or
    communications. `labels`: only contact points with these labels count (empty: all); `labels_except`: all but these.
    `uncounted_results`: result codes that do not count under this rule. `includes_inbound`: the consumer's own count.
    """

    max_contacts: int
    window_days: int = 7
    channels: tuple[str, ...] = ("phone", "voicemail")
    per: str = "debt"
    counts: str = "connected"
    labels: tuple[str, ...] = ()
    labels_except: tuple[str, ...] = ()
    uncounted_results: tuple[str, ...] = ()
    includes_inbound: bool = False

    def __post_init__(self) -> None:
        _check(self.channels, frozenset(Channel), "channel")
        _check((self.per,), {"debt", "party", "number"}, "count")
        _check((self.counts,), {"attempts", "connected", "conversations", "communications"}, "kind of contact")
        _check((*self.labels, *self.labels_except), _LABELS, "label")


@dataclass(frozen=True, slots=True)
class MinGap:
    """At least `minutes` after the last unanswered call, to the same number when `same_number`."""

    minutes: int
    same_number: bool = True
    channels: tuple[str, ...] = ("phone", "voicemail")


@dataclass(frozen=True, slots=True)
class LocalTimeWindow:
    """From `start` until `end` (exclusive) local time in every zone where the consumer may be; on `weekdays` only.

    `weekdays`: mon, tue, wed, thu, fri, sat, sun. `labels`: only for contact points with these labels (empty: all).
    `reply_once`: one reply, outside these hours, to what the consumer wrote in the same stretch outside them.
    """

    start: str = "08:00"
    end: str = "21:00"
    weekdays: tuple[str, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    labels: tuple[str, ...] = ()
    reply_once: bool = False

    def __post_init__(self) -> None:
        if minute_of(self.start) >= minute_of(self.end):
            raise ValueError(f"{self.start} is not before {self.end}")
        _check(self.weekdays, WEEKDAYS, "weekday")
        _check(self.labels, _LABELS, "label")


@dataclass(frozen=True, slots=True)
class DesignatedTime:
    """Not at a time that the consumer called inconvenient; `reply_once`: one reply to the consumer's message."""

    reply_once: bool = True


@dataclass(frozen=True, slots=True)
class DesignatedPlace:
    """Not at, nor by mail or landline of, a place that the consumer called inconvenient; `reply_once` as for times."""

    reply_once: bool = True


@dataclass(frozen=True, slots=True)
class Workplace:
    """Not at work where the employer is known to prohibit it (`when` prohibited), or never (`when` always).

    `oral_days`: an oral request of the consumer holds that many days unless confirmed in writing; 0: until withdrawn.
    """

    when: str = "prohibited"
    oral_days: int = 0

    def __post_init__(self) -> None:
        _check((self.when,), {"prohibited", "always"}, "time of a workplace rule")


@dataclass(frozen=True, slots=True)
class RestrictionAbsent:
    """No restriction of these `kinds` is in force on the party for any debt of the request.

    `written_only`: one that was only said does not count (12 CFR 1006.6(c)(1) asks for writing).
    """

    kinds: tuple[str, ...]
    written_only: bool = False


@dataclass(frozen=True, slots=True)
class DisputeAbsent:
    """No unanswered dispute of these `kinds` (empty: any) about a debt of the request; `written_only`, `whole_only`."""

    kinds: tuple[str, ...] = ()
    written_only: bool = True
    whole_only: bool = False


@dataclass(frozen=True, slots=True)
class NotRepresented:
    """No attorney known for the debt, unless the attorney consents or does not answer; `reply_once` to the consumer."""

    reply_once: bool = True


@dataclass(frozen=True, slots=True)
class MediumRefused:
    """The person has not asked us to leave this medium, number or address; `reply_once` when the person uses it.

    `any_channel`: a refusal of one medium counts for all of them.
    """

    reply_once: bool = True
    any_channel: bool = False


@dataclass(frozen=True, slots=True)
class ContactPointUsable:
    """The contact point is the party's, of the channel's kind, not invalid, misdirected or reassigned.

    `verified`: it must have been verified too. `labels`: it must have one of these (empty: any).
    """

    verified: bool = False
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConsentRequired:
    """The person consented to `scope` (see `Consent`), for this channel, contact point and each debt of the request.

    `given_to`: whose consent is good: collector, creditor, prior_collector. `traits`: only when the contact has one of
    these (empty: always). `max_age_days`: the consent must be that recent; 0: however old.
    """

    scope: str
    given_to: tuple[str, ...] = ("collector",)
    traits: tuple[str, ...] = ()
    max_age_days: int = 0


@dataclass(frozen=True, slots=True)
class EmailBasis:
    """The address may be used: 12 CFR 1006.6(d)(4)(i) the consumer, (ii) the creditor's notice, (iii) prior collectors.

    `opt_out_days`: the least time to opt out of the creditor's notice.
    """

    opt_out_days: int = 35


@dataclass(frozen=True, slots=True)
class SmsBasis:
    """The consumer texted from the number or consented, and did so or was confirmed within `fresh_days`: 6(d)(5)."""

    fresh_days: int = 60


@dataclass(frozen=True, slots=True)
class ReassignedNumberCheck:
    """A complete database confirmed within `max_age_days` that the number has not been reassigned."""

    max_age_days: int = 30
    labels: tuple[str, ...] = ("mobile",)


@dataclass(frozen=True, slots=True)
class RecipientAllowed:
    """Only these persons may be contacted; third parties with the consumer's consent, or for location information."""

    recipients: tuple[str, ...] = (
        "consumer",
        "spouse",
        "parent_of_minor",
        "guardian",
        "personal_representative",
        "successor_in_interest",
        "consumer_attorney",
        "credit_bureau",
        "creditor",
        "creditor_attorney",
        "collector_attorney",
    )
    location_allowed: bool = True


@dataclass(frozen=True, slots=True)
class Disclosure:
    """The contact must carry these `codes`.

    `when`: always, initial (no communication about the debt before), subsequent, or first_written.
    """

    codes: tuple[str, ...]
    when: str = "always"

    def __post_init__(self) -> None:
        _check((self.when,), {"always", "initial", "subsequent", "first_written"}, "time of a disclosure")


@dataclass(frozen=True, slots=True)
class Language:
    """The contact is made in the party's language where it is one of `offered`; else it needs a review.

    `default` is used when the party's language is not known.
    """

    offered: tuple[str, ...] = ("en", "es")
    default: str = "en"


@dataclass(frozen=True, slots=True)
class TraitForbidden:
    """The contact has none of these traits (see `Trait`)."""

    traits: tuple[str, ...]
