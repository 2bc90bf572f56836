"""The results that Lean publishes of its own data: the same trades in a YAML file leave the same money."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
import yaml

from orchestrate.domain.events import OptionAssignedEvent, OptionExercisedEvent, OptionSettledEvent
from tests.usecases.options.runs import STRATEGY, Done, done

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "options" / "lean"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the chains of ../shared/data/options are not here")
HEADER = "timestamp,open,high,low,close,volume"


def goog_bars() -> str:
    """Minutes of GOOG from 09:30 to 13:00 in New York: the middle of its quotes, in ten-thousandths there."""
    with zipfile.ZipFile(FOLDER / "goog_20151224_quote.zip") as packed:
        lines = io.TextIOWrapper(packed.open(packed.namelist()[0])).read().splitlines()
    bars = []
    for line in lines:
        cells = line.split(",")
        minute = int(cells[0]) // 60_000
        if 570 <= minute < 780 and cells[4] and cells[9]:
            stamp = f"2015-12-24T{minute // 60 + 5}:{minute % 60:02d}:00Z"
            bars.append(",".join([stamp, *[f"{(int(cells[4]) + int(cells[9])) / 20_000:.4f}"] * 4, "1"]))
    return "\n".join([HEADER, *bars])


def traded(
    folder: Path, symbol: str, bars: str, chain: dict[str, object], legs: list[list[object]], **top: object
) -> Done:
    (folder / "bars.csv").write_text(bars)
    (folder / "planned.py").write_text(STRATEGY)
    options = f"{symbol}_OPTIONS"
    quantity, engine = top.pop("quantity", 1), top.pop("engine", "backtrader")
    config = {"legs": legs, "quantity": quantity, "chain": options}
    entry = {"name": "planned.py:Planned", "framework": engine, "symbols": [options], "config": config}
    own = {"format": "lean", "underlying": symbol, "root": symbol, **chain}
    document = {
        "data": {symbol: {"path": "bars.csv", "frequency": "1min"}, options: own},
        "strategies": {"s": {**entry, "allocation": 100}},
        **top,
    }
    (folder / "run.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    return done(folder / "run.yaml")


@pytest.mark.parametrize(
    ("expiry", "legs", "quantity", "fee", "equity"),
    [
        (
            "2016-01-15",
            [("put", 745, 1), ("put", 747.5, -1), ("call", 750, -1), ("call", 752.5, 1)],
            10,
            0.65,
            197_524.0,
        ),
        ("2016-01-15", [("put", 752.5, 1), ("call", 752.5, 1)], 10, 0.65, 197_787.0),
        ("2016-06-17", [("call", 745, 1), ("call", 750, -1)], 5, 0.45, 199_145.5),
    ],
    ids=["iron condor", "straddle", "bull call spread"],
)
def test_structures_on_goog(
    tmp_path: Path, expiry: str, legs: list[tuple[str, float, int]], quantity: int, fee: float, equity: float
) -> None:
    run = traded(
        tmp_path,
        "GOOG",
        goog_bars(),
        {"chain": str(FOLDER / "goog_20151224_quote_american.zip")},
        [[expiry, *leg] for leg in legs],
        quantity=quantity,
        capital=200_000,
        execution={"options": {"per_contract": fee}},
    )
    assert round(run.equity, 2) == equity


@pytest.mark.parametrize("engine", ["backtrader", "nautilus"])
def test_an_exercise_and_an_assignment_on_the_last_day(tmp_path: Path, engine: str) -> None:
    """The half day ends at 13:00, with the close of the bar that is stamped a minute before."""
    run = traded(
        tmp_path,
        "GOOG",
        goog_bars(),
        {"chain": str(FOLDER / "goog_20151224_quote_american.zip")},
        [["2015-12-24", "call", 747.5, 1], ["2015-12-24", "call", 745, -1]],
        capital=100_000,
        engine=engine,
        execution={"options": {"per_contract": 1.0}},
    )
    assert round(run.equity, 2) == 99_648.0
    assert [(one.shares, one.cash) for one in run.of(OptionExercisedEvent)] == [(100.0, -74_750.0)]
    assert [(one.shares, one.cash) for one in run.of(OptionAssignedEvent)] == [(-100.0, 74_500.0)]
    assert not run.result.strategies["s"].open_positions


@pytest.mark.parametrize(
    ("leg", "capital", "equity"),
    [(["call", 3200, 1], 100_000, 97_514.0), (["put", 4200, -1], 1_000_000, 997_514.0)],
    ids=["long call", "short put"],
)
def test_an_index_settles_in_cash(tmp_path: Path, leg: list[object], capital: int, equity: float) -> None:
    stamps = ("2021-01-14T14:30:00Z", "2021-01-14T14:31:00Z", "2021-01-15T14:30:00Z")
    run = traded(
        tmp_path,
        "SPX",
        "\n".join([HEADER, *(f"{stamp},3795.54,3795.54,3795.54,3795.54,1" for stamp in stamps)]),
        {"chain": str(FOLDER / "spx_20210114_quote_european.zip"), "settlement_prices": {"2021-01-15": 3795.54}},
        [["2021-01-15", *leg]],
        capital=capital,
        instruments={"SPX": {"asset_class": "index"}},
    )
    assert [(one.settlement, one.price) for one in run.of(OptionSettledEvent)] == [("am", 3795.54)]
    assert round(run.equity, 2) == equity
