"""`load_market`: ranges, rounding, instruments, bars a year, hashes, adjustments, and the two ways to read a text."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from orchestrate.data.precision import decimals
from orchestrate.data.synthetic.generator import generate
from orchestrate.data.synthetic.samples import csv_text
from orchestrate.data.text.cells import BLOCK
from orchestrate.data.text.csv import read_csv
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.synthetic import SyntheticSpec
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.plan import Adjustment, DataPlan
from tests.data.reading import Load, kinds, same

HEADER = "timestamp,open,high,low,close,volume\n"
DAILY = csv_text(generate("X", SyntheticSpec(bars=60, seed=3)), 2)


def rows(*prices: str) -> str:
    """Daily bars on working days from 2014-06-05, each flat at one price."""
    days = ("05", "06", "09", "10", "11", "12", "13")
    return HEADER + "".join(
        f"2014-06-{day},{price},{price},{price},{price},10\n" for day, price in zip(days, prices, strict=False)
    )


FIVE = rows("10", "11", "12", "13", "14")
HOURS = HEADER + "".join(f"2014-06-0{day}T{hour:02}:00:00Z,1,2,1,2,10\n" for day in (5, 6) for hour in range(24))


@pytest.mark.parametrize(
    ("start", "end", "closes"),
    [
        ("", "", [10, 11, 12, 13, 14]),
        ("2014-06-06", "", [11, 12, 13, 14]),
        ("", "2014-06-10", [10, 11, 12, 13]),
        ("2014-06-06", "2014-06-06", [11]),
        ("2014-06-07", "2014-06-08T12:00", None),
        ("2014-06-06T00:00:01", "", [12, 13, 14]),
        ("2014-06-05", "2014-06-09T00:00:00", [10, 11, 12]),
        ("2014-06-05 00:00:00Z", "2014-06-08", [10, 11]),
    ],
)
def test_only_bars_from_start_to_end_are_loaded_both_ends_count(
    start: str, end: str, closes: list[float] | None, load: Load
) -> None:
    if closes is None:
        with pytest.raises(
            DataError, match=r"no bar lies within 2014-06-07\.\.2014-06-08T12:00: the data covers 2014-06-05 to"
        ):
            load({"X": FIVE}, start=start, end=end)
        return
    market, _ = load({"X": FIVE}, start=start, end=end)
    assert market.series["X"].close.tolist() == closes
    assert len(market.timeline) == len(closes)


def test_a_date_covers_its_whole_utc_day(load: Load) -> None:
    market, _ = load({"X": HOURS}, start="2014-06-06", end="2014-06-06")
    assert len(market.series["X"]) == 24
    assert len(load({"X": HOURS}, end="2014-06-05T11:59")[0].series["X"]) == 12
    one, _ = load({"X": HOURS}, start="2014-06-05T03:00", end="2014-06-05T03:00")
    assert (len(one.series["X"]), one.series["X"].length) == (1, 3600 * 10**9)
    with pytest.raises(DataError, match="end: 'soon' is no date like 2014-06-30"):
        load({"X": HOURS}, end="soon")


@pytest.mark.parametrize("column", range(4))
@pytest.mark.parametrize("place", [0, BLOCK - 1, BLOCK, 2 * BLOCK])
def test_one_price_anywhere_decides_how_many_decimals_there_are(column: int, place: int) -> None:
    prices = np.full((4, 2 * BLOCK + 1), 10.25)
    assert decimals(prices) == 2
    prices[column, place] = 10.1234
    assert decimals(prices) == 4


@pytest.mark.parametrize(
    ("prices", "instrument", "precision", "closes"),
    [
        (("10", "11"), {}, 2, [10, 11]),
        (("10.5", "11.125"), {}, 3, [10.5, 11.125]),
        (("1.23456789", "1.1"), {}, 8, [1.23456789, 1.1]),
        (("1.2345678949", "1.1"), {}, 8, [1.23456789, 1.1]),
        (("10.126", "11.124"), {"precision": 2}, 2, [10.13, 11.12]),
        (("10.6", "11.4"), {"precision": 0}, 0, [11, 11]),
        (("10.5", "11.5"), {"tick_size": Decimal("0.0005")}, 4, [10.5, 11.5]),
        (("10.5", "11.5"), {"tick_size": Decimal("0.25")}, 2, [10.5, 11.5]),
        (("10.5", "11.5"), {"tick_size": Decimal(5)}, 2, [10.5, 11.5]),
    ],
)
def test_prices_are_rounded_once_to_the_instruments_precision(
    prices: tuple[str, ...], instrument: dict[str, object], precision: int, closes: list[float], load: Load
) -> None:
    market, _ = load({"X": rows(*prices)}, {"X": instrument})
    assert market.instruments["X"].precision == precision
    assert market.series["X"].close.tolist() == closes
    assert market.instruments["X"].tick == float(instrument.get("tick_size", 10.0**-precision))


def test_an_instrument_is_what_the_configuration_says_of_it(load: Load) -> None:
    settings = {"multiplier": Decimal(1000), "margin_rate": Decimal("0.1"), "currency": "EUR", "asset_class": "future"}
    instrument = load({"CL": FIVE}, {"CL": settings})[0].instruments["CL"]
    assert (instrument.symbol, instrument.multiplier, instrument.margin_rate) == ("CL", 1000.0, 0.1)
    assert (instrument.currency, instrument.asset_class, instrument.moves_cash_by_notional) == ("EUR", "future", False)
    plain = load({"CL": FIVE})[0].instruments["CL"]
    assert (plain.multiplier, plain.margin_rate, plain.currency, plain.asset_class) == (1.0, 1.0, "USD", "equity")


def test_bars_a_year(load: Load) -> None:
    synthetic = {
        "FIVE": {"synthetic": {"bars": 300, "seed": 1}},
        "SEVEN": {"synthetic": {"bars": 300, "seed": 1, "week": 7}},
        "HOURS": {"synthetic": {"bars": 500, "seed": 1, "frequency": "1h"}},
    }
    market, _ = load(synthetic)
    assert market.periods_per_year["FIVE"] == 252
    assert market.periods_per_year["SEVEN"] == 365
    label = market.series["HOURS"].timestamp
    years = (label[-1] - label[0]) / (365.25 * 86400e9)
    assert market.periods_per_year["HOURS"] == pytest.approx(499 / years)
    union = market.timeline.stamps
    assert market.periods_per_year[""] == pytest.approx(
        (len(union) - 1) / ((union[-1] - union[0]) / (365.25 * 86400e9))
    )
    assert load({"A": synthetic["FIVE"]})[0].periods_per_year == {"A": 252, "": 252}
    assert load({"A": synthetic["FIVE"], "B": synthetic["SEVEN"]})[0].periods_per_year[""] == 365
    weekly = {"A": synthetic["FIVE"], "B": {"resample": {"of": "A", "to": "5d"}}}
    assert load(weekly)[0].periods_per_year[""] == 252
    assert load(synthetic, periods_per_year=100.0)[0].periods_per_year == dict.fromkeys(("", *synthetic), 100.0)


def test_the_hash_names_the_data_and_nothing_else(load: Load) -> None:
    first = load({"A": FIVE, "B": DAILY})[0].data_hash
    assert first == load({"B": DAILY, "A": FIVE})[0].data_hash
    assert first != load({"A": FIVE})[0].data_hash
    assert first != load({"A": FIVE.replace("14,10", "14,11"), "B": DAILY})[0].data_hash
    assert first != load({"C": FIVE, "B": DAILY})[0].data_hash
    newest_first = HEADER + "\n".join(reversed(FIVE.splitlines()[1:])) + "\n"
    assert first == load({"A": newest_first, "B": DAILY})[0].data_hash
    assert len(first) == 64


def test_columns_are_read_only_and_series_stand_in_the_order_of_the_plan(load: Load) -> None:
    market, _ = load({"B": FIVE, "A": DAILY})
    assert list(market.series) == list(market.instruments) == list(market.timeline.rows) == ["B", "A"]
    for name in ("timestamp", "open", "high", "low", "close", "volume", "available_at"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(market.series["A"], name)[0] = 1


# adjustment

SPLIT = rows("100", "102", "25.5", "26", "27")


def test_a_split_is_taken_out_of_prices_and_volumes(load: Load) -> None:
    adjust = Adjustment(splits=(("2014-06-09", Decimal(4)),))
    assert ("warning", JUMP) in kinds(load({"X": SPLIT})[1])
    market, findings = load({"X": {"path": "X.csv", "adjust": adjust}})
    series = market.series["X"]
    assert series.close.tolist() == [25, 25.5, 25.5, 26, 27]
    assert series.volume.tolist() == [40, 40, 10, 10, 10]
    assert ("info", "bars before 2014-06-09 adjusted for a split 4:1") in kinds(findings)
    assert not [finding for finding in findings if finding.severity == "warning"]


JUMP = "moves of over 40% from one close to the next: 2014-06-09 (line 4); a split? adjust: takes it out"


def test_splits_that_the_prices_do_not_show_are_doubted(load: Load) -> None:
    load({"X": SPLIT})
    wrong_day = Adjustment(splits=(("2014-06-11", Decimal(4)),))
    findings = kinds(load({"X": {"path": "X.csv", "adjust": wrong_day}})[1])
    assert (
        "warning",
        "the split 4:1 of 2014-06-11 doesn't show in prices: already adjusted, or the wrong date?",
    ) in findings
    outside = Adjustment(splits=(("2024-06-11", Decimal(4)),))
    findings = kinds(load({"X": {"path": "X.csv", "adjust": outside}})[1])
    assert ("warning", "the split of 2024-06-11 lies outside the data: it adjusts nothing") in findings
    with pytest.raises(DataError, match="'June' is no date of a split"):
        load({"X": {"path": "X.csv", "adjust": Adjustment(splits=(("June", Decimal(4)),))}})
    with pytest.raises(DataError, match="the split of 2014-06-09 has the ratio 0"):
        load({"X": {"path": "X.csv", "adjust": Adjustment(splits=(("2014-06-09", Decimal(0)),))}})


FACTORS = "date,price_factor,split_factor,reference_close\n20140606,0.9,0.25,102\n20140610,0.95,1,26\n20501231,1,1,0\n"


def test_a_factor_file_applies_to_bars_on_and_before_its_dates(tmp_path: Path, load: Load) -> None:
    (tmp_path / "factors.csv").write_text(FACTORS)
    load({"X": SPLIT})
    splits, findings = load({"X": {"path": "X.csv", "adjust": Adjustment(factors="factors.csv")}})
    assert splits.series["X"].close.tolist() == [25, 25.5, 25.5, 26, 27]
    assert splits.series["X"].volume.tolist() == [40, 40, 10, 10, 10]
    assert ("info", "bars adjusted for splits by factors.csv") in kinds(findings)
    both, _ = load({"X": {"path": "X.csv", "adjust": Adjustment(factors="factors.csv", dividends=True)}})
    assert both.series["X"].close.tolist() == pytest.approx([25 * 0.9, 25.5 * 0.9, 25.5 * 0.95, 26 * 0.95, 27])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "the factor file cannot be read"),
        ("date,price_factor,split_factor\n20140606,x,1\n", "this is not a factor file"),
        ("20140606,1\n", "this is not a factor file"),
        ("timestamp,open,high,low,close,volume\n2014-06-06,1,2,1,2,3\n", "this is not a factor file"),
        ("20140606,1,1\n20130606,1,1\n", "factors must be positive, oldest first"),
        ("20140606,0,1\n", "factors must be positive, oldest first"),
        ("date,price_factor,split_factor\n", "factors must be positive, oldest first"),
        ("", "factors must be positive, oldest first"),
    ],
)
def test_a_bad_factor_file_is_refused(content: str | None, complaint: str, tmp_path: Path, load: Load) -> None:
    if content is not None:
        (tmp_path / "factors.csv").write_text(content)
    load({"X": SPLIT})
    with pytest.raises(DataError, match=complaint):
        load({"X": {"path": "X.csv", "adjust": Adjustment(factors="factors.csv")}})


# resampling


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"of": "NONE", "to": "1h"}, "X: resample: 'NONE' is not a series with bars of its own\n +hint: of: one of A"),
        ({"to": "1h"}, "resample: '' is not a series"),
        ({"of": "A", "to": "1h"}, "resample: 1h is no multiple of the bars of A, which are 86400 s long"),
        ({"of": "A", "to": "fortnight"}, "resample: frequency must be like 1min"),
    ],
)
def test_a_series_that_cannot_be_resampled_is_refused(settings: dict[str, str], complaint: str, load: Load) -> None:
    with pytest.raises(DataError, match=complaint):
        load({"A": FIVE, "X": {"resample": settings}})


# large files


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that is large enough for Arrow."""
    path = tmp_path_factory.mktemp("large") / "big.csv"
    spec = SyntheticSpec(bars=100_000, seed=1, frequency="1min", price=2000, volatility=0.1)
    path.write_text(csv_text(generate("X", spec), 2))
    return path


def test_a_large_file_is_read_as_a_small_one_would_be(large: Path) -> None:
    plan = DataPlan("X", path=large.name)
    text = large.read_text()
    fast, findings = read_csv(large, plan, "X")
    # a quoted header is nothing to Arrow; a comment above it sends the file the careful way
    commented = large.with_name("commented.csv")
    commented.write_text("# made up\n" + text)
    careful, findings_too = read_csv(commented, plan, "X")
    same(fast, careful)
    assert findings == findings_too == []
    assert (fast.rows + 1).tolist() == careful.rows.tolist()
    assert fast.unit == careful.unit == "line"


@pytest.mark.uncounted
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2010-03-01T00:00:00Z,", "2010-03-01T00:00:00Z,oops", r"line \d+: open 'oops\d+\.\d+' is no number"),
        ("2010-03-01T00:00:00Z,", "2010-03-01 00:00 o'clock,", r"line 57602: \"2010-03-01 00:00 o'clock\" is no date"),
        ("2010-03-01T00:00:00Z,", "2010-03-01T00:00:00Z", r"line 57602 has 5 cells, most lines have 6"),
    ],
)
def test_a_fault_in_a_large_file_is_reported_with_its_line(old: str, new: str, message: str, large: Path) -> None:
    broken = large.with_name("broken.csv")
    broken.write_text(large.read_text().replace(old, new))
    with pytest.raises(DataError, match=message):
        read_csv(broken, DataPlan("X", path="broken.csv"), "X")


@pytest.mark.uncounted
def test_nulls_and_total_lines_of_a_large_file_are_reported(large: Path) -> None:
    text = large.read_text()
    rows_before = text.count("\n") - 1
    dirty = large.with_name("dirty.csv")
    first, rest = text[: len(text) // 2].rsplit("\n", 1)
    dirty.write_text(
        f"{first}\n2010-02-13T10:00:00Z,null,null,null,null,null\n{rest}{text[len(text) // 2 :]}Total,,,,,12\n"
    )
    columns, findings = read_csv(dirty, DataPlan("X", path="dirty.csv"), "X")
    assert len(columns) == rows_before
    assert [finding.message.split(":")[0] for finding in findings] == [
        f"line {rows_before + 3}",
        "rows without prices",
    ]


PROBE = """
import json, sys
from decimal import Decimal
from pathlib import Path
from orchestrate.data.loading import load_market
from orchestrate.domain.plan import CapitalPlan, DataPlan, RunPlan
data = {"A": DataPlan("A", path="ALPHA.csv"), "M": DataPlan("M", synthetic={"bars": 100})}
load_market(RunPlan("single", CapitalPlan(Decimal(1)), data, {}, (), root=Path(sys.argv[1])))
print(json.dumps(sorted(set(sys.modules) & {"pandas", "pyarrow", "nautilus_trader", "backtrader", "pydantic", "yaml"})))
"""


def test_small_files_need_no_heavy_library() -> None:
    folder = Path(__file__).parents[2] / "configs" / "data"
    done = subprocess.run([sys.executable, "-c", PROBE, str(folder)], check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == []


def test_a_market_is_complete(load: Load) -> None:
    market, _ = load({"A": FIVE})
    assert isinstance(market, Market)
    assert market.series["A"].length == 86400 * 10**9
    assert np.array_equal(market.series["A"].available_at, market.timeline.stamps)
