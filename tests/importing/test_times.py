"""Times of clerks and of databases: the market's clock where no offset is written, the offset where there is one."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.transactions import MARKET_TIME
from service.importing.times import MARKET_OFFSET, instant

seconds_since_2000 = st.integers(0, 100 * 365 * 86_400)
moments = seconds_since_2000.map(
    lambda seconds: datetime.datetime.fromisoformat("2000-01-01") + datetime.timedelta(seconds=seconds)
)
HALF_PAST_NINE = datetime.datetime.fromisoformat("2024-04-01T09:30:00+08:00")


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("2024-04-01 09:30", "2024-04-01T09:30:00+08:00"),
        ("2024-04-01 09:30:15", "2024-04-01T09:30:15+08:00"),
        ("2024-04-01T09:30:15", "2024-04-01T09:30:15+08:00"),
        ("2024-04-01 09:30:15.0", "2024-04-01T09:30:15.0+08:00"),
        ("2024/4/1 9:30", "2024-04-01T09:30:00+08:00"),
        ("2024/4/1  9:30", "2024-04-01T09:30:00+08:00"),
        ("2024年4月1日 9:30", "2024-04-01T09:30:00+08:00"),
        ("2024年4月1日9:30", "2024-04-01T09:30:00+08:00"),
        ("2024-02-29", "2024-02-29T00:00:00+08:00"),
        ("2024/4/1", "2024-04-01T00:00:00+08:00"),
        ("2024年4月1日", "2024-04-01T00:00:00+08:00"),
        ("20240401", "2024-04-01T00:00:00+08:00"),
        ("2024-04-01T01:30:00Z", "2024-04-01T01:30:00Z"),
        ("2024-04-01T09:30:15.250+08:00", "2024-04-01T09:30:15.250+08:00"),
        ("2024/4/1 上午12:05", "2024-04-01T00:05:00+08:00"),
        ("2024/4/1 下午12:05", "2024-04-01T12:05:00+08:00"),
        ("2024/4/1 下午9:30", "2024-04-01T21:30:00+08:00"),
        ("2024/4/1 下午13:30", "2024-04-01T13:30:00+08:00"),
        ("2024-04-01 9:30:00 pm", "2024-04-01T21:30:00+08:00"),
    ],
)
def test_times_of_clerks_are_market_time(spelling: str, expected: str) -> None:
    assert instant(spelling) == expected


@pytest.mark.parametrize(
    "spelling",
    [
        # psql and COPY, SQL Server's datetime2 and datetimeoffset, MySQL, Oracle, DBeaver, pandas, Java
        *(
            "2024-04-01 09:30:00+08",
            "2024-04-01 01:30:00+00",
            "2024-04-01 09:30:00.000000+08",
            "2024-04-01T09:30:00+08:00",
        ),
        *("2024-04-01 09:30:00.0000000", "2024-04-01 09:30:00.0000000 +08:00", "2024-04-01 09:30:00.000000000 +8:00"),
        *("2024-04-01 09:30:00.000 +0800", "2024-04-01T09:30+08:00", "2024-04-01 09:30+0800", "2024-04-01 09:30:00 +8"),
        *("2024-04-01 01:30:00 UTC", "2024-04-01 01:30:00+00:00", "2024-04-01T01:30Z", "2024-04-01 01:30:00 Z"),
        *(
            "2024-04-01 01:30:00 GMT",
            "2024-04-01 09:30:00 GMT+8",
            "2024-04-01 09:30:00 UTC+08:00",
            "2024-04-01T01:30:00,000Z",
        ),
        *("20240401T093000+0800", "20240401T013000Z", "20240401093000", "20240401 0930", "2024-03-31 18:30:00-07"),
        # clerks
        *(
            "2024.4.1 9:30",
            "2024年4月1日9时30分",
            "2024年4月1日 9点30分00秒",
            "2024年4月1号 上午9:30",
            "2024-04-01 09：30",
        ),
        *("２０２４／４／１ ９：３０", "2024-4-1 9:30:0", "2024/4/1 AM 9:30", "2024-04-01 09:30:00 AM"),
    ],
)
def test_every_spelling_of_one_moment_is_that_moment(spelling: str) -> None:
    assert datetime.datetime.fromisoformat(instant(spelling)) == HALF_PAST_NINE


@pytest.mark.parametrize(
    "spelling",
    [
        *("2023-02-29", "2024-04-31 09:30", "2024-04-01 24:00", "2024-04-01 09:60", "0000-01-01", "20240431"),
        *("2024-4/1", "2024年4-1", "2024-04-01日", "2024/4/1日 9:30", "4/1/2024", "24/4/1 9:30", "2024-0409:30"),
        *("上午9:30", "2024-04-01 9", "09:30", "45383.5", "2024-04-01 09:30 CST", "2024-04-01 09:30:00 Asia/Shanghai"),
        *("01-APR-24 09.30.00 AM", "2024-04-01 13:30 AM", "2024-04-01 0:30 PM", "2024-04-01 上午9:30 AM", "202404010"),
    ],
)
def test_what_is_no_time_is_refused(spelling: str) -> None:
    with pytest.raises(ValueError, match=r"send it like|does not exist"):
        instant(spelling)


def test_what_may_be_from_when_to_when_is_no_offset() -> None:
    with pytest.raises(ValueError, match="can be read in two ways"):
        instant("2024-04-01 09:30-10:00")


def test_the_advice_tells_how_an_offset_is_written() -> None:
    """The advice to leave an offset away would move a database's times by eight hours."""
    with pytest.raises(ValueError, match='or with its offset like "2024-04-01T01:30:00Z"'):
        instant("2024-04-01 01:30:00 EST")


@given(
    moments, st.sampled_from(["%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y年%m月%d日 %H:%M:%S", "%Y-%m-%dT%H:%M:%S"])
)
def test_every_moment_survives_each_spelling(moment: datetime.datetime, form: str) -> None:
    read = datetime.datetime.fromisoformat(instant(moment.strftime(form)))
    assert read == moment.replace(tzinfo=MARKET_TIME)


@given(
    moments,
    st.integers(-12 * 4, 14 * 4),
    st.sampled_from(["{}{:02}:{:02}", "{}{:02}{:02}", " {}{:02}:{:02}", "{}{}:{:02}"]),
)
def test_every_offset_is_kept(moment: datetime.datetime, quarters: int, form: str) -> None:
    offset = form.format("-" if quarters < 0 else "+", abs(quarters) // 4, abs(quarters) % 4 * 15)
    zone = datetime.timezone(datetime.timedelta(minutes=quarters * 15))
    assert datetime.datetime.fromisoformat(instant(f"{moment}{offset}")) == moment.replace(tzinfo=zone)


def test_the_offset_is_the_one_of_market_time() -> None:
    assert datetime.datetime(2024, 1, 1, tzinfo=MARKET_TIME).isoformat().endswith(MARKET_OFFSET)
