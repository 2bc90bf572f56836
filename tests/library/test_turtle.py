"""TURTLE: by hand, against a slow loop that follows its rules word by word, and the same fills on both engines."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate import StrategyLibrary
from orchestrate.domain.market.timeline import BarSeries
from orchestrate.domain.plan import CapitalPlan, DataPlan, RunPlan, StrategyPlan
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.usecases.running.run import run

_spec = importlib.util.spec_from_file_location("library_builders", Path(__file__).with_name("builders.py"))
assert _spec is not None and _spec.loader is not None
builders = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(builders)
ContextHarness, series_of = builders.ContextHarness, builders.series_of

DATA = Path(__file__).parents[2] / "configs" / "data"
BARS = st.lists(st.tuples(st.integers(20, 90), st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=70)
SMALL = {"entry": 4, "exit": 2, "range_window": 2, "stop": 2.0, "risk_pct": 1.0}


def ranged(bars: list[tuple[float, float, float]], symbol: str = "IBM") -> BarSeries:
    """Bars of (close, how far over it the high was, how far under it the low was)."""
    flat = series_of([close for close, _, _ in bars], symbol)
    high = flat.close + np.array([up for _, up, _ in bars], dtype=np.float64)
    low = flat.close - np.array([down for _, _, down in bars], dtype=np.float64)
    return BarSeries(
        symbol, flat.timestamp, flat.close, high, low, flat.close, flat.volume, flat.available_at, flat.length
    )


def turtle(**config: object) -> Any:
    return StrategyLibrary.get_strategy("TURTLE", **{**SMALL, **config})


def by_the_book(bars: list[tuple[int, int, int]], entry: int, exit: int, window: int, stop: float) -> list[Any]:
    """The rules, one after the other, on 10,000 of equity of which a hundred are one N."""
    close = [float(bar[0]) for bar in bars]
    high, low = [float(c + up) for c, up, _ in bars], [float(c - down) for c, _, down in bars]
    true = [0.0] + [
        max(high[i] - low[i], abs(high[i] - close[i - 1]), abs(close[i - 1] - low[i])) for i in range(1, len(bars))
    ]
    signalled: list[Any] = []
    side, paid, distance, n = 0, 0.0, 0.0, 0.0
    for i in range(len(bars)):
        n = sum(true[1 : window + 1]) / window if i <= window else ((window - 1) * n + true[i]) / window
        broken = 0
        if i >= entry:
            broken = 1 if close[i] > max(high[i - entry : i]) else -1 if close[i] < min(low[i - entry : i]) else 0
        if side:
            stopped = side * (paid - close[i]) > distance
            left = i >= exit and (close[i] < min(low[i - exit : i]) if side > 0 else close[i] > max(high[i - exit : i]))
            if not (stopped or left):
                continue
            signalled.append((i, "exit"))
            broken = broken if broken == -side else 0
            side = 0
        if broken and n > 0 and i >= window:
            side, paid, distance = broken, close[i], stop * n
            signalled.append((i, "long" if side > 0 else "short", pytest.approx(100.0 / n)))
    return signalled


def short(signalled: list[tuple[int, Signal]]) -> list[Any]:
    return [(i, "exit") if wish.kind == "exit" else (i, wish.side, wish.quantity) for i, wish in signalled]


def test_by_hand():
    # highs are a point over the close and lows a point under it, so that a quiet bar's true range is 2
    close = [50, 50, 50, 50, 50, 52, 53, 53, 51, 47, 44, 40, 41, 43, 47]
    assert short(ContextHarness({"IBM": ranged([(c, 1, 1) for c in close])}).run(turtle())) == [
        (5, "long", 100 / 2.5),  # over the four highs before, all 51; ranges were 2, the new one is 3
        (8, "exit"),  # under the two lows before, both 52; of the four, 49 is not broken
        (9, "short", 100 / 3.78125),  # under 50; N from 2.25, 2.125, 2.5625 with a range of 5
        (13, "exit"),  # over 41 and 42
        (14, "long", 100 / 4.0556640625),  # over 45
    ]


def test_a_loss_of_so_many_ranges_ends_a_position_before_the_channel_does():
    close = [50, 50, 50, 50, 50, 52, 47.5, 47.0, 46.9]
    bars = [(c, 1, 1) for c in close]
    bars[2] = (50, 1, 9)  # a low of 41, so that the channel stays wide; N is 3 at the entry
    for stop, exits in ((0.5, [(6, "exit")]), (1.6, [(7, "exit")]), (1.68, [(8, "exit")]), (2.0, [])):
        signalled = short(ContextHarness({"IBM": ranged(bars)}).run(turtle(exit=4, stop=stop)))
        assert signalled == [(5, "long", 100 / 3), *exits]


def test_nothing_is_bought_where_nothing_moves_and_without_equity():
    assert ContextHarness({"IBM": ranged([(50, 0, 0)] * 20)}).run(turtle()) == []
    rising = ranged([(50 + 2 * i, 1, 1) for i in range(20)])
    assert ContextHarness({"IBM": rising}, equity=0.0).run(turtle()) == []
    [(_, entry)] = ContextHarness({"IBM": rising}, multiplier=50.0).run(turtle())
    assert entry.quantity == 100 / (3 * 50)


@given(BARS, st.integers(2, 8), st.integers(2, 8), st.integers(1, 6), st.sampled_from([0.4, 1.1, 2.3]))
def test_it_equals_its_rules_word_by_word(
    bars: list[tuple[int, int, int]], one: int, other: int, window: int, stop: float
):
    entry, leave = max(one, other), min(one, other)
    harness = ContextHarness({"IBM": ranged(bars)})
    signalled = short(harness.run(turtle(entry=entry, exit=leave, range_window=window, stop=stop)))
    assert signalled == by_the_book(bars, entry, leave, window, stop)


@given(BARS, BARS)
def test_symbols_know_nothing_of_each_other(one: list[tuple[int, int, int]], other: list[tuple[int, int, int]]):
    """Also where one of them has no more bars: it isn't counted again."""
    together = ContextHarness({"A": ranged(one, "A"), "B": ranged(other, "B")}).run(turtle())
    for symbol, bars in (("A", one), ("B", other)):
        alone = ContextHarness({symbol: ranged(bars, symbol)}).run(turtle())
        assert [(i, wish) for i, wish in together if wish.symbol == symbol] == alone


def plan(framework: str) -> RunPlan:
    symbols = ("ALPHA", "DELTA")  # days and hours: at most steps only one of them has a bar
    return RunPlan(
        "single",
        CapitalPlan(Decimal(1_000_000)),
        {symbol: DataPlan(symbol, path=str(DATA / f"{symbol}.csv")) for symbol in symbols},
        {},
        (StrategyPlan("own", "TURTLE", "on_bar", "TURTLE", framework, Decimal(1), symbols, config={"risk_pct": 0.2}),),
    )


def test_the_same_trades_on_both_engines():
    runs = [run(plan(framework)).strategies["own"] for framework in ("backtrader", "nautilus", "backtrader")]
    for own in runs:
        assert own.error is None
        assert {trade.symbol for trade in own.trades} == {"ALPHA", "DELTA"}
        assert own.trades == runs[0].trades
        np.testing.assert_array_equal(own.equity, runs[0].equity)
    assert len(runs[0].trades) >= 30


RUNNING = """
import sys
from pathlib import Path
from orchestrate.config.resolve import resolve
from orchestrate.wiring import describe
from orchestrate.usecases.running.run import run
from orchestrate.wiring import choices, settings_types

plan = resolve(Path(sys.argv[1]), catalogue=describe, settings=settings_types(), choices=choices()).plan
assert run(plan).status == "completed"
print(*sorted({"pandas", "nautilus_trader", "talib"} & set(sys.modules)))
"""


@pytest.mark.parametrize(("name", "loaded"), [("TURTLE", "talib"), ("MEAN_REVERSION_EQUITY", "")])
def test_a_run_on_backtrader_loads_what_it_uses(tmp_path: Path, name: str, loaded: str):
    config = tmp_path / "run.yaml"
    config.write_text(f"strategy: {name}\ndata: {{ALPHA: {{path: {DATA / 'ALPHA.csv'}}}}}\n")
    command = [sys.executable, "-c", RUNNING, str(config)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == (loaded, 0), done.stderr
