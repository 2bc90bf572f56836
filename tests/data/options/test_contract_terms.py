"""What the data doesn't say of contracts comes from settings, else from known roots; expiry from sessions."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from orchestrate.data.options.roots import ROOTS, expiry_of
from orchestrate.data.options.sessions import closing, last_session, opening
from orchestrate.domain.errors import DataError
from tests.data.options.chains import read, rows

ROW = rows("2018-02-08,2018-02-28,2700,put,10,11")


def shown(moment: int) -> str:
    return datetime.fromtimestamp(moment / 10**9, UTC).isoformat()[:16]


@pytest.mark.parametrize(
    ("day", "session"),
    [
        ("2014-06-21", "2014-06-20"),  # monthlies were named by the Saturday
        ("2014-04-19", "2014-04-17"),  # Good Friday before it
        ("2012-10-30", "2012-10-26"),  # a storm, and a weekend before
        ("2001-09-15", "2001-09-10"),
        ("2021-12-31", "2021-12-31"),  # the Friday before a New Year's Day on a Saturday
        ("2022-01-17", "2022-01-14"),
        ("2022-06-20", "2022-06-17"),
        ("2020-06-19", "2020-06-19"),
        ("1997-01-20", "1997-01-20"),
        ("2021-07-05", "2021-07-02"),
        ("2021-12-24", "2021-12-23"),
        ("2023-11-23", "2023-11-22"),
        ("2024-05-27", "2024-05-24"),
        ("2024-09-02", "2024-08-30"),
        ("2024-02-19", "2024-02-16"),
        ("2025-01-09", "2025-01-08"),
    ],
)
def test_the_last_session_up_to_a_day(day: str, session: str) -> None:
    assert last_session(date.fromisoformat(day)).isoformat() == session


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        ("2018-02-28", "14:30", "21:00"),
        ("2018-07-02", "13:30", "20:00"),
        ("2015-12-24", "14:30", "18:00"),
        ("2018-11-23", "14:30", "18:00"),
        ("2018-07-03", "13:30", "17:00"),
        ("2020-07-02", "13:30", "20:00"),  # the fourth is a Saturday, kept on the third
        ("2022-12-23", "14:30", "21:00"),
    ],
)
def test_a_session_is_that_of_new_york_and_short_on_half_days(day: str, opens: str, closes: str) -> None:
    session = date.fromisoformat(day)
    assert (shown(opening(session)), shown(closing(session))) == (f"{day}T{opens}", f"{day}T{closes}")


def test_a_contract_ends_with_its_last_session_or_with_the_opening_before() -> None:
    assert shown(expiry_of(date(2014, 6, 21), "pm")) == "2014-06-20T20:00"
    assert shown(expiry_of(date(2021, 1, 15), "am")) == "2021-01-15T14:30"


@pytest.mark.parametrize(
    ("root", "style", "delivery", "settlement"),
    [
        ("SPX", "european", "cash", "am"),
        ("SPXW", "european", "cash", "pm"),
        ("SPY", "american", "physical", "pm"),
        ("OEX", "american", "cash", "pm"),
        ("VIX", "european", "cash", "am"),
    ],
)
def test_known_roots(root: str, style: str, delivery: str, settlement: str, tmp_path: Path) -> None:
    terms = read(tmp_path, ROW, symbol="CHAIN", root=root)[0].terms
    assert (terms.root, terms.style, terms.delivery, terms.settlement) == (root, style, delivery, settlement)
    assert terms.multiplier == 100.0
    assert all(one.multiplier == 100.0 for one in ROOTS.values())


def test_settings_beat_the_table(tmp_path: Path) -> None:
    terms = read(tmp_path, ROW, multiplier=10.0, settlement="am")[0].terms
    assert (terms.multiplier, terms.settlement, terms.style) == (10.0, "am", "european")


def test_what_nothing_says_names_its_setting(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, ROW, symbol="XYZ", style="american")
    assert "nothing says multiplier, delivery, settlement of XYZ" in str(caught.value)
    assert "set instruments: {XYZ: {multiplier: …, delivery: …, settlement: …}}" in str(caught.value)
    given = {"style": "american", "multiplier": 50.0, "delivery": "physical", "settlement": "pm"}
    assert read(tmp_path, ROW, symbol="XYZ", **given)[0].terms.root == "XYZ"
