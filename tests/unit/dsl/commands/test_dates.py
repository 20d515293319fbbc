"""Dates as Java's SimpleDateFormat writes them."""

import datetime

import pytest

from roboconf_core.dsl.commands.dates import fault_in_pattern, format_date

AFTERNOON = datetime.datetime(
    2017, 3, 5, 13, 4, 9, 87000, tzinfo=datetime.timezone(datetime.timedelta(hours=2), "CEST")
)
MIDNIGHT = datetime.datetime(2021, 1, 1, 0, 0, 0, tzinfo=datetime.UTC)
NEW_YEARS_EVE = datetime.datetime(2019, 12, 31, 23, 59, 59, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("yyyy-MM-dd HH:mm:ss.SSS", "2017-03-05 13:04:09.087"),
        ("yy y yyyyy", "17 2017 02017"),
        ("M MM MMM MMMM LLLL", "3 03 Mar March March"),
        ("d dd D DDD", "5 05 64 064"),
        ("E EEE EEEE u", "Sun Sun Sunday 7"),
        ("h K k H a", "1 1 13 13 PM"),
        ("w W F", "10 2 1"),
        ("G", "AD"),
        ("z Z X XX XXX", "CEST +0200 +02 +0200 +02:00"),
        ("'at' HH 'o''clock'", "at 13 o'clock"),
        ("''yy''", "'17'"),
        ("''''yy", "''17"),
        ("dd/MM, (yyyy)", "05/03, (2017)"),
    ],
)
def test_a_date_in_a_pattern(pattern, expected):
    assert fault_in_pattern(pattern) == ""
    assert format_date(AFTERNOON, pattern) == expected


def test_midnight():
    assert format_date(MIDNIGHT, "h K k H a X XXX") == "12 0 24 0 AM Z Z"


def test_the_last_days_of_a_year_belong_to_the_first_week_of_the_next_one():
    assert format_date(NEW_YEARS_EVE, "YYYY-'W'ww yyyy") == "2020-W01 2019"


@pytest.mark.parametrize("pattern", ["bad pattern", "yyyy-MM-ddTHH", "HH 'open", "XXXX", "n"])
def test_a_pattern_that_is_none(pattern):
    assert fault_in_pattern(pattern)
