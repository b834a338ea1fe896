"""The worked examples on 12 CFR 1006.14(b): how often a person may be called about a debt."""

from collections.abc import Iterator
from dataclasses import replace

from services.compliance.domain.decide import Decision
from services.compliance.domain.facts import Channel, Debt, Direction, Purpose, Recipient, Trait
from tests.conformance.collector import Collector, name
from tests.conformance.examples import Claim, example, forbidden, free

COUNT, COOLDOWN = "regf.call_freq.7in7", "regf.call_freq.cooldown"
CARD, CARD_A, CARD_B, MEDICAL, MORTGAGE = "card debt", "card debt A", "card debt B", "medical debt", "mortgage debt"


@example("14(b)-1", "A ringless voicemail is a telephone call; a text or an e-mail is not")
def ringless_voicemail_is_a_call() -> Iterator[Claim]:
    collector = Collector()
    for hour in range(7):
        collector.contact(f"2026-04-01 {10 + hour}:00", "ringless_voicemail", channel=Channel.VOICEMAIL)
    traits = frozenset({Trait.RINGLESS})
    decision = collector.asks("2026-04-02", channel=Channel.VOICEMAIL, traits=traits)
    yield forbidden("an eighth ringless voicemail in the week", COUNT, decision)
    yield free("an e-mail", "regf.time.8to21_messages", collector.asks("2026-04-02", channel=Channel.EMAIL))
    writer = Collector()
    for hour in range(8):
        writer.contact(f"2026-04-01 {10 + hour}:00", "email_sent", channel=Channel.EMAIL, point="email")
    yield free("a call after eight e-mails", COUNT, writer.asks("2026-04-02"))


@example("14(b)(1)-1", "Keeping to the limits on calls answers for their frequency and for nothing else")
def frequency_only() -> Iterator[Claim]:
    collector = Collector()
    collector.calls("2026-04-01", "2026-04-03")
    yield free("a fourth call", COUNT, collector.asks("2026-04-04"))
    yield forbidden("the same call at 22:00", "regf.time.8to21", collector.asks("2026-04-04 22:00"))


@example("14(b)(1)-2", "Calls within the limits are presumed to comply; what a voicemail says is another duty")
def within_the_limits() -> Iterator[Claim]:
    collector = Collector()
    collector.calls("2026-04-01", "2026-04-05")
    decision = collector.asks("2026-04-06", channel=Channel.VOICEMAIL)
    yield free("a call that goes to voicemail, by frequency", COUNT, decision)
    collector.keeps_policies()
    decision = collector.asks("2026-04-06", channel=Channel.VOICEMAIL)
    yield free("what that voicemail may say", "regf.lcm", decision, disclosure="limited_content_message")


@example(
    "14(b)(2)(i)-1.i", "Card debt: a limited-content message on 1 April and six more calls to 7 April; next on the 8th"
)
def seven_calls_in_seven_days() -> Iterator[Claim]:
    collector = Collector(CARD)
    collector.contact("2026-04-01", "voicemail_lcm")
    collector.calls("2026-04-02", "2026-04-06")
    yield free("the seventh call on 7 April", COUNT, collector.asks("2026-04-07"))
    collector.calls("2026-04-07", "2026-04-07")
    opens = collector.at("2026-04-08 00:00")
    yield forbidden("an eighth call on 7 April", COUNT, collector.asks("2026-04-07 15:00"), not_before=opens)
    yield free("a call on 8 April", COUNT, collector.asks("2026-04-08"))


@example("14(b)(2)(i)-1.ii", "The consumer calls on 13 August and talks about the debt: no call before 20 August")
def inbound_conversation() -> Iterator[Claim]:
    collector = Collector()
    collector.contact("2026-08-13", "inbound_rpc", "debt", discussed=("debt",), direction=Direction.INBOUND)
    opens = collector.at("2026-08-20 00:00")
    yield forbidden("a call on 19 August", COOLDOWN, collector.asks("2026-08-19"), not_before=opens)
    yield free("a call on 20 August", COOLDOWN, collector.asks("2026-08-20"))
    yield free("the consumer's call is not one that we placed", COUNT, collector.asks("2026-08-20"))


@example(
    "14(b)(2)(i)-1.iii", "A third party is called for location information on 6 October and six times more to the 12th"
)
def third_party_for_location() -> Iterator[Claim]:
    collector = Collector()
    for day in range(6, 12):
        collector.contact(f"2026-10-{day:02}", point="friend's phone", purpose=Purpose.LOCATION, to="friend")

    def seventh(when: str) -> Claim:
        decision = collector.asks(
            when, point="friend's phone", purpose=Purpose.LOCATION, recipient=Recipient.THIRD_PARTY, to="friend"
        )
        is_free = when < "2026-10-12 13:00"
        return (
            free(f"a call at {when}", COUNT, decision) if is_free else forbidden(f"a call at {when}", COUNT, decision)
        )

    yield seventh("2026-10-12 12:00")
    collector.contact("2026-10-12 12:00", point="friend's phone", purpose=Purpose.LOCATION, to="friend")
    yield seventh("2026-10-12 14:00")
    yield free("a call to the consumer, another person", COUNT, collector.asks("2026-10-12 14:00"))


@example(
    "14(b)(2)(i)-2.i",
    "One call on 1 April and six on 3 April: presumed to comply, though so many in a day speak against us",
)
def concentrated_calls() -> Iterator[Claim]:
    collector = Collector(CARD)
    collector.contact("2026-04-01", "voicemail_lcm")
    for hour in range(5):
        collector.contact(f"2026-04-03 {9 + hour:02}:00", "no_answer")
    yield free("the sixth call on 3 April, by the limit", COUNT, collector.asks("2026-04-03 16:00"))
    collector.keeps_policies()
    yield forbidden(
        "the same call under the policy on calls in a day", "policy.max_per_day", collector.asks("2026-04-03 16:00")
    )


@example(
    "14(b)(2)(i)-2.ii", "Voicemails in rapid succession, two within five minutes, are a factor: kept apart by policy"
)
def rapid_voicemails() -> Iterator[Claim]:
    collector = Collector()
    collector.contact("2026-04-01 10:00", "voicemail_lcm")
    decision = collector.asks("2026-04-01 10:04", channel=Channel.VOICEMAIL)
    yield free("a second voicemail four minutes later, by the limit", COUNT, decision)
    collector.keeps_policies()
    decision = collector.asks("2026-04-01 10:04", channel=Channel.VOICEMAIL)
    opens = collector.at("2026-04-01 10:05")
    yield forbidden("the same voicemail under the policy on gaps", "policy.min_gap", decision, not_before=opens)


@example(
    "14(b)(2)(i)-2.iii",
    "What the person said before counts: a written cease and a request to stop calling are rules here",
)
def earlier_words() -> Iterator[Claim]:
    collector = Collector()
    collector.restricts("2026-04-01", "cease")
    yield forbidden("a first call after the cease", "regf.cease", collector.asks("2026-04-02"))
    yield free("by frequency alone", COUNT, replace_cease(collector))


def replace_cease(collector: Collector) -> Decision:
    """The same call to a consumer who has said nothing."""
    collector.facts = replace(collector.facts, restrictions=())
    return collector.asks("2026-04-02")


@example(
    "14(b)(2)(i)-3.i", "Calls on Monday and Wednesday to a number learnt on Thursday to be another's: none was placed"
)
def misdirected_calls() -> Iterator[Claim]:
    collector = Collector()
    collector.contact("2026-04-06", point="landline")
    collector.contact("2026-04-08", point="landline")
    for hour in range(5):
        collector.contact(f"2026-04-08 {13 + hour}:00")
    yield forbidden("a call on Thursday before it is known", COUNT, collector.asks("2026-04-09 10:00"))
    collector.knows_of_point("landline", wrong_since=collector.at("2026-04-09 11:00"))
    decision = collector.asks("2026-04-09 12:00")
    yield free("a call on Thursday after", COUNT, decision)


@example("14(b)(2)(ii)-1.i", "Mortgage debt: one call on 1 April, two on 2, 3 and 6 April; an eighth on the 7th")
def eight_calls_in_seven_days() -> Iterator[Claim]:
    collector = Collector(MORTGAGE)
    collector.contact("2026-04-01", "voicemail_lcm")
    collector.calls("2026-04-02", "2026-04-03", 2)
    collector.calls("2026-04-06", "2026-04-06", 2)
    opens = collector.at("2026-04-08 00:00")
    yield forbidden("an eighth call on 7 April", COUNT, collector.asks("2026-04-07"), not_before=opens)
    yield free("the same call on 8 April", COUNT, collector.asks("2026-04-08"))


def talked_on_14_august() -> Collector:
    """The facts of comment 14(b)(2)(ii)-1.ii."""
    collector = Collector(CARD)
    collector.contact("2026-08-11")
    collector.contact("2026-08-14", "rpc_refused", CARD, discussed=(CARD,))
    return collector


@example("14(b)(2)(ii)-1.ii", "Card debt: unanswered on 11 August, a conversation on the 14th; no call before the 21st")
def call_after_conversation() -> Iterator[Claim]:
    collector = talked_on_14_august()
    opens = collector.at("2026-08-21 00:00")
    yield forbidden("a call later on 14 August", COOLDOWN, collector.asks("2026-08-14 16:00"), not_before=opens)
    yield forbidden("a call on 20 August", COOLDOWN, collector.asks("2026-08-20"), not_before=opens)
    yield free("a call on 21 August", COOLDOWN, collector.asks("2026-08-21"))


@example(
    "14(b)(2)(ii)-2.i",
    "A call that Regulation X requires is a factor for us: the presumption stands, the factor is recorded",
)
def required_by_law() -> Iterator[Claim]:
    collector = Collector(MORTGAGE)
    collector.contact("2026-04-01", "voicemail_lcm")
    collector.calls("2026-04-02", "2026-04-03", 2)
    collector.calls("2026-04-06", "2026-04-06", 2)
    yield recorded(collector, "2026-04-07", COUNT, "required_by_law")


@example("14(b)(2)(ii)-2.ii", "A call about active litigation within the week is a factor: recorded")
def litigation() -> Iterator[Claim]:
    yield recorded(talked_on_14_august(), "2026-08-18", COOLDOWN, "active_litigation")


@example(
    "14(b)(2)(ii)-2.iii", "A call with information that the consumer asked for, without consent, is a factor: recorded"
)
def information_asked_for() -> Iterator[Claim]:
    yield recorded(talked_on_14_august(), "2026-08-18", COOLDOWN, "information_requested")


@example(
    "14(b)(2)(ii)-2.iv.A",
    "The talk drops during a settlement and we call again at once: a factor, the presumption stands",
)
def dropped_call() -> Iterator[Claim]:
    yield recorded(talked_on_14_august(), "2026-08-14 12:10", COOLDOWN, "time_critical_benefit")


@example(
    "14(b)(2)(ii)-2.iv.B",
    "A call on 17 August about the creditor's late fee that falls due the next day: a factor, recorded",
)
def late_fee_warning() -> Iterator[Claim]:
    yield recorded(talked_on_14_august(), "2026-08-17", COOLDOWN, "time_critical_benefit")


@example("14(b)(2)(ii)-2.iv.C", "A call on 17 August with a one-time discount that could be made again: no factor")
def discount() -> Iterator[Claim]:
    yield forbidden("the call", COOLDOWN, talked_on_14_august().asks("2026-08-17"))


def recorded(collector: Collector, when: str, rule_id: str, factor: str) -> Claim:
    """A call above a limit with a factor that may rebut the presumption: refused, the factor among the facts."""
    decision = collector.asks(when, rebuttals=(factor,))
    result = next(each for each in decision.rules if each.rule.rule_id == rule_id)
    if result.finding.facts.get("rebuttal_factors") != [factor]:
        raise AssertionError(f"{factor} is not among the facts: {result.finding.facts}")
    return forbidden(f"the call, with the factor {factor}", rule_id, decision)


@example("14(b)(3)(i)-1", "Consent to more calls lifts the limits on frequency, not those of time, place or medium")
def consent_lifts_frequency_only() -> Iterator[Claim]:
    collector = talked_on_14_august()
    collector.consents("2026-08-14 12:05", "call_frequency")
    yield free("a call the next day", COOLDOWN, collector.asks("2026-08-15"))
    yield forbidden("the same call at 22:00", "regf.time.8to21", collector.asks("2026-08-15 22:00"))


@example("14(b)(3)(i)-2", "Consent ends with its own term, with revocation, or with a conversation about the debt")
def consent_ends() -> Iterator[Claim]:
    shorter = talked_on_14_august()
    shorter.consents("2026-08-14 12:05", "call_frequency", ends_on=shorter.at("2026-08-16").date())
    yield free("a call on the last day of a shorter consent", COOLDOWN, shorter.asks("2026-08-16"))
    yield forbidden("a call on the day after", COOLDOWN, shorter.asks("2026-08-17"))
    revoked = talked_on_14_august()
    revoked.consents("2026-08-14 12:05", "call_frequency", revoked_at=revoked.at("2026-08-15 18:00"))
    yield forbidden("a call after revocation", COOLDOWN, revoked.asks("2026-08-16"))
    talked = talked_on_14_august()
    talked.consents("2026-08-14 12:05", "call_frequency")
    talked.contact("2026-08-15", "rpc_refused", CARD, discussed=(CARD,))
    yield forbidden("a call after a conversation", COOLDOWN, talked.asks("2026-08-16"))


@example("14(b)(3)(i)-3.i", "On Friday 3 April the consumer says: call back on Monday. A call on Monday 6 April")
def call_back_on_monday() -> Iterator[Claim]:
    collector = Collector()
    collector.contact("2026-04-03", "rpc_callback", "debt", discussed=("debt",))
    yield forbidden("a call on Monday without that word", COOLDOWN, collector.asks("2026-04-06"))
    monday = collector.at("2026-04-06").date()
    collector.consents("2026-04-03 12:05", "call_frequency", starts_on=monday, ends_on=monday)
    opens = collector.at("2026-04-06 00:00")
    yield forbidden("a call on Sunday", COOLDOWN, collector.asks("2026-04-05"), not_before=opens)
    yield free("a call on Monday", COOLDOWN, collector.asks("2026-04-06"))
    yield forbidden("a call on Tuesday", COOLDOWN, collector.asks("2026-04-07"))


@example(
    "14(b)(3)(i)-3.ii", "No day was named; the consumer talks to us on Monday 6 April; a call on Wednesday the 8th"
)
def consent_is_used_up() -> Iterator[Claim]:
    collector = Collector()
    collector.contact("2026-04-03", "rpc_callback", "debt", discussed=("debt",))
    collector.consents("2026-04-03 12:05", "call_frequency")
    yield free("the call on Monday", COOLDOWN, collector.asks("2026-04-06"))
    collector.contact("2026-04-06", "rpc_refused", "debt", discussed=("debt",))
    opens = collector.at("2026-04-13 00:00")
    yield forbidden("a call on Wednesday", COOLDOWN, collector.asks("2026-04-08"), not_before=opens)


@example(
    "14(b)(3)(i)-3.iii",
    "Three calls on 1-3 June, consent by e-mail on Thursday 4 June, eight calls on 8-10 June, one on the 11th",
)
def consent_by_email() -> Iterator[Claim]:
    collector = Collector()
    collector.calls("2026-06-01", "2026-06-03")
    collector.consents("2026-06-04", "call_frequency")
    for day, times in (("2026-06-08", 3), ("2026-06-09", 3), ("2026-06-10", 1)):
        collector.calls(day, day, times)
    yield free("the eighth call on 10 June", COUNT, collector.asks("2026-06-10"))
    collector.contact("2026-06-10")
    decision = collector.asks("2026-06-11")
    yield free("a call on 11 June, which counts again", COUNT, decision)
    for hour in range(7):
        collector.contact(f"2026-06-11 {9 + hour:02}:00")
    yield forbidden("an eighth call on 11 June", COUNT, collector.asks("2026-06-11 17:00"))


@example(
    "14(b)(3)(ii)-1", "Busy or not in service does not count; ringing, voicemail, a recording or a dropped answer does"
)
def unconnected_calls() -> Iterator[Claim]:
    collector = Collector()
    for hour, code in enumerate(("busy", "not_in_service", "network_failure") * 3):
        collector.contact(f"2026-04-01 {9 + hour:02}:00", code)
    yield free("a call after nine that did not connect", COUNT, collector.asks("2026-04-02"))
    codes = (
        "no_answer",
        "voicemail_no_message",
        "voicemail_lcm",
        "answered_dropped",
        "hung_up_early",
        "no_answer",
        "no_answer",
    )
    for hour, code in enumerate(codes):
        collector.contact(f"2026-04-02 {9 + hour:02}:00", code)
    yield forbidden("a call after seven that did", COUNT, collector.asks("2026-04-03"))


@example("14(b)(4)-1.i", "A voicemail about several debts counts for each; an unanswered call for one of our choice")
def counted_debts() -> Iterator[Claim]:
    collector = Collector(MEDICAL, CARD)
    for hour in range(7):
        collector.contact(f"2026-04-01 {9 + hour:02}:00", "voicemail_other", MEDICAL, CARD, discussed=(MEDICAL, CARD))
    yield forbidden("a call about the medical debt", COUNT, collector.asks("2026-04-02", MEDICAL))
    yield forbidden("a call about the card debt", COUNT, collector.asks("2026-04-02", CARD))
    other = Collector(MEDICAL, CARD)
    for hour in range(7):
        other.contact(f"2026-04-01 {9 + hour:02}:00", "no_answer", MEDICAL, CARD)
    yield forbidden(
        "a call about the debt that the unanswered calls count for", COUNT, other.asks("2026-04-02", MEDICAL)
    )
    yield free("a call about the other", COUNT, other.asks("2026-04-02", CARD))


@example("14(b)(4)-1.ii", "A conversation counts for every debt discussed, whoever raised it; for one where none was")
def discussed_debts() -> Iterator[Claim]:
    collector = Collector(MEDICAL, CARD)
    collector.contact("2026-04-01", "inbound_rpc", MEDICAL, discussed=(MEDICAL, CARD), direction=Direction.INBOUND)
    yield forbidden("a call about the medical debt", COOLDOWN, collector.asks("2026-04-02", MEDICAL))
    yield forbidden("a call about the card debt", COOLDOWN, collector.asks("2026-04-02", CARD))


@example("14(b)(4)-2.i", "Three debts, seven unanswered calls counted for each: 21 calls in a week comply")
def twenty_one_calls() -> Iterator[Claim]:
    collector = Collector(MEDICAL, CARD_A, CARD_B)
    for debt in (MEDICAL, CARD_A, CARD_B):
        collector.calls("2026-04-01", "2026-04-06", 1, debt)
    for debt in (MEDICAL, CARD_A, CARD_B):
        yield free(f"the seventh call about {debt}", COUNT, collector.asks("2026-04-07", debt))
    for debt in (MEDICAL, CARD_A, CARD_B):
        collector.calls("2026-04-07", "2026-04-07", 1, debt)
        yield forbidden(f"an eighth about {debt}", COUNT, collector.asks("2026-04-07 16:00", debt))


@example("14(b)(4)-2.ii", "A limited-content message meant for two debts counts for one of them")
def limited_content_message() -> Iterator[Claim]:
    collector = Collector(MEDICAL, CARD)
    for hour in range(7):
        collector.contact(f"2026-04-01 {9 + hour:02}:00", "voicemail_lcm", MEDICAL, CARD)
    yield forbidden("a call about the medical debt, chosen for the count", COUNT, collector.asks("2026-04-02", MEDICAL))
    yield free("a call about the card debt", COUNT, collector.asks("2026-04-02", CARD))


@example(
    "14(b)(4)-2.iii", "On 9 November the talk is of the medical debt alone: nothing has happened about the card debt"
)
def one_debt_discussed() -> Iterator[Claim]:
    collector = Collector(MEDICAL, CARD)
    collector.contact("2026-11-09", "rpc_refused", MEDICAL, discussed=(MEDICAL,))
    yield forbidden("a call about the medical debt", COOLDOWN, collector.asks("2026-11-10", MEDICAL))
    yield free("a call about the card debt", COOLDOWN, collector.asks("2026-11-10", CARD))
    yield free("and by count", COUNT, collector.asks("2026-11-10", CARD))


@example("14(b)(4)-2.iv", "On 9 November the talk is of both debts: call and conversation count for both")
def both_debts_discussed() -> Iterator[Claim]:
    collector = Collector(MEDICAL, CARD)
    collector.contact("2026-11-09", "rpc_refused", MEDICAL, CARD, discussed=(MEDICAL, CARD))
    for debt in (MEDICAL, CARD):
        yield forbidden(f"a call about the {debt}", COOLDOWN, collector.asks("2026-11-10", debt))
        count = next(each for each in collector.asks("2026-11-10", debt).rules if each.rule.rule_id == COUNT)
        if count.finding.facts["calls"] != {str(name(debt)): 1}:
            raise AssertionError(f"{debt}: {count.finding.facts}")


@example(
    "14(b)(4)-2.v",
    "Two calls for the medical debt, four for the card debt, then a talk about neither, counted for the medical",
)
def general_conversation() -> Iterator[Claim]:
    collector = Collector(MEDICAL, CARD)
    for when in ("2026-11-09 10:00", "2026-11-11 10:00"):
        collector.contact(when, "no_answer", MEDICAL)
    for when in ("2026-11-09 11:00", "2026-11-10 11:00", "2026-11-10 15:00", "2026-11-11 11:00"):
        collector.contact(when, "no_answer", CARD)
    collector.contact("2026-11-12", "rpc_refused", MEDICAL, CARD)
    decisions = {debt: collector.asks("2026-11-13", debt) for debt in (MEDICAL, CARD)}
    yield forbidden("a call about the medical debt", COOLDOWN, decisions[MEDICAL])
    yield free("a call about the card debt", COOLDOWN, decisions[CARD])
    for debt, calls in ((MEDICAL, 3), (CARD, 4)):
        count = next(each for each in decisions[debt].rules if each.rule.rule_id == COUNT)
        if count.finding.facts["calls"] != {str(name(debt)): calls}:
            raise AssertionError(f"{debt}: {count.finding.facts}")


@example(
    "14(b)(4)-2.vi", "We call about the medical debt, the consumer talks of the card debt: one call, two conversations"
)
def consumer_raises_another_debt() -> Iterator[Claim]:
    collector = Collector(MEDICAL, CARD)
    collector.contact("2026-11-09", "rpc_refused", MEDICAL, discussed=(CARD,))
    decisions = {debt: collector.asks("2026-11-10", debt) for debt in (MEDICAL, CARD)}
    for debt, calls in ((MEDICAL, 1), (CARD, 0)):
        yield forbidden(f"a call about the {debt}", COOLDOWN, decisions[debt])
        count = next(each for each in decisions[debt].rules if each.rule.rule_id == COUNT)
        if count.finding.facts["calls"] != {str(name(debt)): calls}:
            raise AssertionError(f"{debt}: {count.finding.facts}")


@example("14(b)(4)-2.vii", "Three student loans under one account number when obtained are one debt")
def student_loans() -> Iterator[Claim]:
    loans = ("loan 1", "loan 2", "loan 3")
    collector = Collector(*loans)
    group = tuple(Debt(name(each), "open", is_consumer=True, group="A-100") for each in loans)
    collector.facts = replace(collector.facts, debts=group)
    for hour in range(7):
        collector.contact(f"2026-04-01 {9 + hour:02}:00", "no_answer", loans[hour % 3])
    yield forbidden("an eighth call in the week, about any of them", COUNT, collector.asks("2026-04-02", loans[2]))
    talker = Collector(*loans)
    talker.facts = replace(talker.facts, debts=group)
    talker.contact("2026-04-01", "rpc_refused", loans[0], discussed=(loans[0],))
    yield forbidden(
        "a call about the third after a talk about the first", COOLDOWN, talker.asks("2026-04-05", loans[2])
    )
    yield free("the same on 8 April", COOLDOWN, talker.asks("2026-04-08", loans[2]))
