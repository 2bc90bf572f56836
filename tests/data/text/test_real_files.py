"""Every bar file of the shared folder loads with the findings that its README names, and no others of weight."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from orchestrate.data.loading import load_market
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.plan import Adjustment, CapitalPlan, DataPlan, RunPlan
from orchestrate.domain.results import Finding

FOLDER = Path(__file__).parents[3] / ".." / "shared" / "data"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the folder of real market data is not beside the project")

SPLITS = "moves of over 40% from one close to the next"
REACH = "bars reach over 40% beyond where they open and close"
HOLES = "holes of two or more trading days running"
HOLIDAYS = "single trading days without a bar"
SELDOM = "bars on days on which this series rarely trades"
SILENT = "volume is 0 throughout"
NO_VOLUME = "bars have volume 0"
IN_DAY = "holes within a day"
AT_THE_END = "sessions begin one bar after a quarter of an hour and end on one, as where stamps are the ends of bars"
ODD = "closes leave the price and come straight back"

#: file → rows, bars a year (None: by its own span), decimals, and its findings: message → (severity, count, first)
FILES: dict[str, tuple[int, float | None, int, dict[str, tuple[str, int, str]]]] = {
    "equities_daily/SPY.csv": (
        5849,
        252,
        4,
        {HOLES: ("warning", 3, "2001-09-11: 4 days"), HOLIDAYS: ("info", 207, "1998-01-19")},
    ),
    "equities_daily/QQQ.csv": (
        2523,
        252,
        4,
        {HOLES: ("warning", 1, "2012-10-29: 2 days"), HOLIDAYS: ("info", 91, "2011-04-22")},
    ),
    "equities_daily/IWM.csv": (
        3837,
        252,
        4,
        {
            REACH: ("warning", 1, "2008-09-19 (line 685)"),
            HOLES: ("warning", 2, "2007-01-01: 2 days"),
            HOLIDAYS: ("info", 136, "2006-01-16"),
        },
    ),
    "equities_daily/EEM.csv": (
        3082,
        252,
        4,
        {HOLES: ("warning", 1, "2012-10-29: 2 days"), HOLIDAYS: ("info", 110, "2009-01-19")},
    ),
    "equities_daily/BAC.csv": (
        4089,
        252,
        4,
        {HOLES: ("warning", 2, "2007-01-01: 2 days"), HOLIDAYS: ("info", 145, "2005-01-17")},
    ),
    "equities_daily/AAPL.csv": (
        5849,
        252,
        4,
        {
            SPLITS: ("warning", 5, "2000-06-21 (line 624)"),
            REACH: ("warning", 3, "2009-09-21 (line 2949)"),
            HOLES: ("warning", 3, "2001-09-11: 4 days"),
            HOLIDAYS: ("info", 207, "1998-01-19"),
        },
    ),
    "equities_daily/GOOG.csv": (
        2148,
        252,
        2,
        {HOLES: ("warning", 2, "2007-01-01: 2 days"), HOLIDAYS: ("info", 75, "2004-09-06")},
    ),
    "futures_daily/CL.csv": (
        3772,
        252,
        2,
        {HOLES: ("warning", 4, "2005-11-24: 2 days"), HOLIDAYS: ("info", 132, "2005-01-17")},
    ),
    "futures_daily/GC.csv": (
        2009,
        252,
        2,
        {
            HOLES: ("warning", 1, "2012-10-29: 2 days"),
            HOLIDAYS: ("info", 75, "2012-01-16"),
            NO_VOLUME: ("info", 32, "2013-08-30 (line 419)"),
        },
    ),
    "futures_daily/ZN.csv": (
        1423,
        None,
        6,
        {
            HOLES: ("warning", 8, "2017-07-03: 2 days"),
            HOLIDAYS: ("info", 41, "2015-11-26"),
            SELDOM: ("info", 175, "2017-01-22 (line 290)"),
            NO_VOLUME: ("info", 1, "2018-08-31 (line 771)"),
        },
    ),
    "futures_daily/6E.csv": (
        1066,
        None,
        5,
        {
            HOLES: ("warning", 8, "2017-07-03: 2 days"),
            HOLIDAYS: ("info", 36, "2015-12-25"),
            SELDOM: ("info", 10, "2019-12-22 (line 1015)"),
            NO_VOLUME: ("info", 2, "2018-02-26 (line 561)"),
        },
    ),
    "fx/EURUSD_1h.csv": (
        30843,
        None,
        6,
        {
            HOLES: ("warning", 4, "2016-12-11: 5 days"),
            HOLIDAYS: ("info", 5, "2015-12-25"),
            SILENT: ("info", 1, ""),
        },
    ),
    "fx/XAUUSD_1h.csv": (
        28924,
        None,
        4,
        {
            HOLES: ("warning", 2, "2015-08-23: 2 days"),
            HOLIDAYS: ("info", 38, "2014-02-11"),
            IN_DAY: ("info", 30, "2014-01-20 23:00 (line 306)"),
            SILENT: ("info", 1, ""),
        },
    ),
    "fx/NZDUSD_1h.csv": (
        30839,
        None,
        6,
        {
            HOLES: ("warning", 4, "2016-12-11: 5 days"),
            HOLIDAYS: ("info", 5, "2015-12-25"),
            SILENT: ("info", 1, ""),
        },
    ),
    "fx/GBPUSD_1h_2025.csv": (5118, None, 5, {SILENT: ("info", 1, "")}),
    "fx/GBPUSD_1d.csv": (
        3738,
        None,
        6,
        {
            HOLES: ("warning", 4, "2016-12-11: 5 days"),
            HOLIDAYS: ("info", 8, "2010-01-01"),
            SILENT: ("info", 1, ""),
        },
    ),
    "fx/EURUSD_1d.csv": (
        3738,
        None,
        6,
        {
            HOLES: ("warning", 4, "2016-12-11: 5 days"),
            HOLIDAYS: ("info", 8, "2010-01-01"),
            SILENT: ("info", 1, ""),
        },
    ),
    "fx/GBPUSD_1min.csv.gz": (
        30117,
        None,
        6,
        {IN_DAY: ("info", 1, "2012-02-06 21:44 (line 5599)"), SILENT: ("info", 1, "")},
    ),
    "fx/GBPUSD_1h.csv": (505, None, 6, {SILENT: ("info", 1, "")}),
    "intraday/FXY_1min.csv.gz": (
        78974,
        None,
        6,
        {
            ODD: ("warning", 1, "2024-12-19 22:23 (line 46431)"),
            HOLIDAYS: ("info", 20, "2023-09-04"),
            IN_DAY: ("info", 56, "2023-07-27 23:54 (line 1169)"),
            SELDOM: ("info", 3, "2024-03-09 00:59 (line 16283)"),
        },
    ),
    "intraday/6EH4_1min.csv.gz": (
        29996,
        None,
        5,
        {IN_DAY: ("info", 9, "2024-01-05 04:26 (line 4405)"), AT_THE_END: ("info", 22, "2024-01-02 23:01 (line 1368)")},
    ),
}

#: Files that hold no bars, and the reason that is given.
NO_BARS = {
    "fx/EURUSD_1h_bidask.csv.gz": "no column for open, high, low, close among timestamp, bid_open",
    "ticks/EURUSD_ticks.csv.gz": "no column for open, high, low, close among timestamp, bid, ask",
    "options/AAPL_2014-06-06_chain.csv.gz": "no column for open, high, low, close among quote_date",
    "equities_daily/AAPL_factor_file.csv": "no column for open, high, low, close among date, price_factor",
}


def loaded(entry: DataPlan) -> tuple[Market, tuple[Finding, ...]]:
    return load_market(RunPlan("single", CapitalPlan(Decimal(1000)), {"X": entry}, {}, (), root=FOLDER))


@pytest.mark.uncounted
@pytest.mark.parametrize("name", FILES)
def test_a_real_file_loads_with_the_findings_that_are_known_of_it(name: str) -> None:
    rows, per_year, decimals, expected = FILES[name]
    market, findings = loaded(DataPlan("X", path=name))
    series = market.series["X"]
    assert len(series) == rows
    assert market.instruments["X"].precision == decimals
    if per_year is not None:
        assert market.periods_per_year["X"] == per_year
    known = {message: facts for message, *facts in _as_known(findings, expected)}
    assert known == {message: list(facts) for message, facts in expected.items()}


def _as_known(
    findings: tuple[Finding, ...], expected: dict[str, tuple[str, int, str]]
) -> list[tuple[str, str, int, str]]:
    reported = []
    for finding in findings:
        message = next((known for known in expected if finding.message.startswith(known)), finding.message)
        reported.append((message, finding.severity, finding.count, finding.first[0] if finding.first else ""))
    return reported


def test_every_file_of_the_folder_is_spoken_for() -> None:
    there = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.csv*")}
    assert there == FILES.keys() | NO_BARS.keys()


@pytest.mark.parametrize("name", NO_BARS)
def test_a_file_without_bars_is_refused_for_that_reason(name: str) -> None:
    with pytest.raises(DataError) as refused:
        loaded(DataPlan("X", path=name))
    assert NO_BARS[name] in str(refused.value)
    assert "hint:" in str(refused.value)


def test_six_day_bars_are_counted_by_their_own_span() -> None:
    market, _ = loaded(DataPlan("X", path="fx/GBPUSD_1d.csv"))
    assert market.periods_per_year["X"] == pytest.approx(311.5, abs=0.1)


def test_splits_by_date_and_by_factor_file_take_the_jumps_out() -> None:
    dates = (("2000-06-21", 2), ("2005-02-28", 2), ("2014-06-09", 7), ("2020-08-31", 4))
    splits = Adjustment(splits=tuple((date, Decimal(ratio)) for date, ratio in dates))
    factors = Adjustment(factors="equities_daily/AAPL_factor_file.csv")
    by_date, findings_by_date = loaded(DataPlan("X", path="equities_daily/AAPL.csv", adjust=splits))
    by_file, findings_by_file = loaded(DataPlan("X", path="equities_daily/AAPL.csv", adjust=factors))
    for reported in (findings_by_date, findings_by_file):
        (jump,) = [finding for finding in reported if finding.message.startswith(SPLITS)]
        assert jump.first == ("2000-09-29 (line 694)",)
        assert not [finding for finding in reported if "shows no such jump" in finding.message]
    one, other = by_date.series["X"].close, by_file.series["X"].close
    assert abs(one / other - 1).max() < 1e-5
    assert one[0] == pytest.approx(16.25 / 112)
    assert one[-1] == 122.15
    assert by_date.series["X"].volume[0] == 6315000 * 112
