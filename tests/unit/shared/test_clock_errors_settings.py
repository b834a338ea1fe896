"""Time is aware, codes are registered, settings are frozen and secrets have no default."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfoNotFoundError

import pytest
from pydantic import SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from shared.clock import Clock, FixedClock, SystemClock
from shared.errors import PROBLEMS, RETRY_AFTER_S, Problem, Refusal
from shared.settings import ServiceSettings


def test_a_clock_stands_until_it_is_set() -> None:
    clock = FixedClock(datetime(2026, 3, 1, 3, 30, tzinfo=timezone(timedelta(hours=2))))
    reads: Clock = clock
    assert reads.now() == datetime(2026, 3, 1, 1, 30, tzinfo=UTC)
    assert reads.now().tzinfo is UTC
    clock.at += timedelta(days=1)
    assert reads.now() == datetime(2026, 3, 2, 1, 30, tzinfo=UTC)


def test_today_depends_on_the_zone() -> None:
    clock = FixedClock(datetime(2026, 3, 8, 4, 59, tzinfo=UTC))
    assert clock.today("America/New_York") == date(2026, 3, 7)
    assert clock.today("UTC") == date(2026, 3, 8)
    assert clock.today("Pacific/Kiritimati") == date(2026, 3, 8)
    clock.at += timedelta(minutes=1)
    assert clock.today("America/New_York") == date(2026, 3, 8)


def test_a_naive_time_and_an_unknown_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        FixedClock(datetime(2026, 3, 1))  # noqa: DTZ001 - the mistake that is tried
    with pytest.raises(ZoneInfoNotFoundError):
        SystemClock().today("America/Nowhere")


def test_the_system_clock_speaks_utc() -> None:
    clock: Clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert clock.now() <= clock.now()
    assert abs((clock.today("UTC") - clock.now().date()).days) <= 1


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_a_code_is_kebab_case_and_stands_for_an_error(code: str) -> None:
    status, title = PROBLEMS[code]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)
    assert 400 <= status <= 599
    assert title
    assert not title.endswith(".")


def test_a_refusal_becomes_the_problem_of_its_code() -> None:
    problem = Problem.of(Refusal("currency-mismatch", "EUR is not USD", field="currency"))
    assert (problem.status, problem.code, problem.field) == (422, "currency-mismatch", "currency")
    assert problem.headers == {}
    assert str(problem) == "EUR is not USD"


def test_what_may_arrive_soon_says_when_to_try_again_unless_it_is_known_better() -> None:
    assert Problem.of(Refusal("account-not-here", "Not yet.")).headers == {"Retry-After": "2"}
    assert Problem("busy", "Later.", headers={"Retry-After": "10"}).headers == {"Retry-After": "10"}
    assert set(RETRY_AFTER_S) <= set(PROBLEMS)


def test_a_code_that_is_not_registered_is_a_defect() -> None:
    with pytest.raises(KeyError, match="no-such-code"):
        Refusal("no-such-code", "detail")
    with pytest.raises(KeyError):
        Problem("no-such-code", "detail")


class SampleSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="SAMPLE_", frozen=True, extra="ignore")


REQUIRED = {
    "SAMPLE_DATABASE_URL": "postgresql://sample:geheim@localhost/sample",
    "SAMPLE_KAFKA_BOOTSTRAP_SERVERS": "localhost:9092",
    "SAMPLE_JWKS_URL": "http://localhost/jwks.json",
    "SAMPLE_JWT_ISSUER": "http://localhost",
}


def test_settings_come_from_the_prefixed_environment_and_hide_their_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SAMPLE_PORT", "8001")
    settings = SampleSettings()
    assert settings.database_url == SecretStr(REQUIRED["SAMPLE_DATABASE_URL"])
    assert (settings.port, settings.jwt_audience, settings.topic_partitions) == (8001, "arrears", 3)
    assert "geheim" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]


@pytest.mark.parametrize("missing", sorted(REQUIRED))
def test_what_a_service_cannot_run_without_has_no_default(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in REQUIRED.items():
        if name != missing:
            monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=missing.removeprefix("SAMPLE_").lower()):
        SampleSettings()
