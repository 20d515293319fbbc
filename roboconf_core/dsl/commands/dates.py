"""Dates in the patterns of Java's ``SimpleDateFormat``, as commands use them.

Source: documentation of ``java.text.SimpleDateFormat``. Names of days and months are English.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable

_PIECE = re.compile(r"''|'((?:[^']|'')+)'|([A-Za-z])\2*|[^A-Za-z']+", re.DOTALL)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
LETTERS = "GyYMLwWDdFEuaHkKhmsSzZX"
"""Letters that stand for a part of a date; all others are refused."""


def fault_in_pattern(pattern: str) -> str:
    """Return what is wrong with a pattern, or an empty text."""
    position = 0
    for match in _PIECE.finditer(pattern):
        if match.start() != position:
            break
        letter = match[2]
        if letter and letter not in LETTERS:
            return f"'{letter}' stands for nothing; write other words between single quotes"
        if letter == "X" and len(match[0]) > 3:
            return "'X' is written up to three times"
        position = match.end()
    return "" if position == len(pattern) else "a single quote has no end"


def format_date(moment: datetime.datetime, pattern: str) -> str:
    """Return a moment in a pattern that has no fault.

    Args:
        moment: With its time zone.
        pattern: ``yyyy-MM-dd HH:mm``, for instance.
    """
    return "".join(_piece(moment, match) for match in _PIECE.finditer(pattern))


def _piece(moment: datetime.datetime, match: re.Match[str]) -> str:
    if match[2]:
        return _PARTS[match[2]](moment, len(match[0]))
    if match[1]:
        return match[1].replace("''", "'")
    return "'" if match[0] == "''" else match[0]


def _year(year: int, width: int) -> str:
    return f"{year % 100:02}" if width == 2 else f"{year:0{width}}"


def _month(moment: datetime.datetime, width: int) -> str:
    name = _MONTHS[moment.month - 1]
    return f"{moment.month:0{width}}" if width < 3 else name[:3] if width == 3 else name


def _week_of_year(moment: datetime.datetime) -> tuple[int, int]:
    """Return the year that a week belongs to and the week; weeks begin on Sunday, and that of 1 January is the first."""
    sunday = moment.date() - datetime.timedelta(days=moment.isoweekday() % 7)
    year = (sunday + datetime.timedelta(days=6)).year
    first = datetime.date(year, 1, 1)
    first_sunday = first - datetime.timedelta(days=first.isoweekday() % 7)
    return year, (sunday - first_sunday).days // 7 + 1


def _week_of_month(moment: datetime.datetime) -> int:
    first = moment.replace(day=1)
    return (moment.day - 1 + first.isoweekday() % 7) // 7 + 1


def _offset(moment: datetime.datetime, separator: str) -> str:
    minutes = round((moment.utcoffset() or datetime.timedelta()).total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{separator}{abs(minutes) % 60:02}"


def _iso_offset(moment: datetime.datetime, width: int) -> str:
    if not moment.utcoffset():
        return "Z"
    return _offset(moment, "")[:3] if width == 1 else _offset(moment, ":" if width == 3 else "")


def _number(part: Callable[[datetime.datetime], int]) -> Callable[[datetime.datetime, int], str]:
    return lambda moment, width: f"{part(moment):0{width}}"


_PARTS: dict[str, Callable[[datetime.datetime, int], str]] = {
    "G": lambda moment, width: "AD",
    "y": lambda moment, width: _year(moment.year, width),
    "Y": lambda moment, width: _year(_week_of_year(moment)[0], width),
    "M": _month,
    "L": _month,
    "w": _number(lambda moment: _week_of_year(moment)[1]),
    "W": _number(_week_of_month),
    "D": _number(lambda moment: moment.timetuple().tm_yday),
    "d": _number(lambda moment: moment.day),
    "F": _number(lambda moment: (moment.day - 1) // 7 + 1),
    "E": lambda moment, width: _DAYS[moment.weekday()][: None if width > 3 else 3],
    "u": _number(lambda moment: moment.isoweekday()),
    "a": lambda moment, width: "AM" if moment.hour < 12 else "PM",
    "H": _number(lambda moment: moment.hour),
    "k": _number(lambda moment: moment.hour or 24),
    "K": _number(lambda moment: moment.hour % 12),
    "h": _number(lambda moment: moment.hour % 12 or 12),
    "m": _number(lambda moment: moment.minute),
    "s": _number(lambda moment: moment.second),
    "S": _number(lambda moment: moment.microsecond // 1000),
    "z": lambda moment, width: moment.tzname() or _offset(moment, ""),
    "Z": lambda moment, width: _offset(moment, ""),
    "X": _iso_offset,
}
