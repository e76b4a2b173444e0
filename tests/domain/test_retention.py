"""Which backups are kept."""

import datetime

import pytest

from service.domain.retention import Retention, UnknownRetention, choose_kept, read_retention

NOON = datetime.datetime(2024, 6, 30, 4, tzinfo=datetime.UTC)
"""12:00 at the market, a Sunday."""


def before(**ago: float) -> datetime.datetime:
    """An instant before NOON."""
    return NOON - datetime.timedelta(**ago)


def test_the_newest_backup_is_kept_by_every_rule() -> None:
    instants = [before(hours=n) for n in range(5)]
    assert choose_kept(instants, Retention()) == {NOON}
    assert choose_kept(instants, Retention(last=3)) == set(instants[:3])
    assert choose_kept([], Retention(last=3)) == set()


def test_of_each_day_week_and_month_the_newest_is_kept() -> None:
    hourly = [before(hours=n) for n in range(24 * 100)]
    assert choose_kept(hourly, Retention(daily=3)) == {NOON, before(hours=13), before(hours=37)}
    assert choose_kept(hourly, Retention(weekly=2)) == {NOON, before(days=6, hours=13)}
    assert choose_kept(hourly, Retention(monthly=3)) == {
        NOON,
        datetime.datetime(2024, 5, 31, 15, tzinfo=datetime.UTC),
        datetime.datetime(2024, 4, 30, 15, tzinfo=datetime.UTC),
    }
    both = Retention(last=2, daily=2, weekly=2, monthly=1)
    assert choose_kept(hourly, both) == {NOON, before(hours=1), before(hours=13), before(days=6, hours=13)}


def test_a_day_without_a_backup_does_not_count() -> None:
    assert choose_kept([NOON, before(days=40), before(days=90)], Retention(daily=2)) == {NOON, before(days=40)}


def test_a_day_is_one_of_the_market() -> None:
    before_midnight = datetime.datetime(2024, 6, 29, 15, 59, tzinfo=datetime.UTC)
    after_midnight = datetime.datetime(2024, 6, 29, 16, 0, tzinfo=datetime.UTC)
    assert choose_kept([before_midnight, after_midnight], Retention(daily=2)) == {before_midnight, after_midnight}
    assert choose_kept([before_midnight, before(hours=20)], Retention(daily=2)) == {before_midnight}


def test_a_rule_is_read() -> None:
    assert read_retention("last=3, daily=14,weekly=8,monthly=24") == Retention(3, 14, 8, 24)
    assert read_retention("daily=7") == Retention(daily=7)


@pytest.mark.parametrize("text", ["", "3", "daily", "daily=", "daily=-1", "daily=٣", "hourly=3", "last=1,last=2"])
def test_a_wrong_rule_says_what_to_write(text: str) -> None:
    with pytest.raises(UnknownRetention, match="write for example last=3,daily=14,weekly=8,monthly=24"):
        read_retention(text)
