"""TURTLE: by hand, against a slow loop that follows its rules word by word, and the same fills on both engines."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate import StrategyLibrary
from orchestrate.domain.market.timeline import BarSeries
from orchestrate.domain.plan import CapitalPlan, DataPlan, RunPlan, StrategyPlan
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.usecases.running.run import run
from orchestrate.wiring import build_adapter
from tests.engines.builders import market_of
from tests.engines.conformance import resting
from tests.orchestration.harness import Part, run_harness

pytestmark = pytest.mark.uncounted  # long runs, whose code shorter ones reach

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


class ByTheBook:
    """The rules, one after the other, on 10,000 of equity of which a hundred are one N of a unit."""

    def __init__(self, bars: list[tuple[int, int, int]], entry: int, leave: int, window: int, stop: float, step: float):
        self.close = [float(bar[0]) for bar in bars]
        self.high, self.low = [float(c + up) for c, up, _ in bars], [float(c - down) for c, _, down in bars]
        self.entry, self.leave, self.window, self.stop, self.step = entry, leave, window, stop, step
        self.signalled: list[Any] = []
        self.side = self.units = self.stands_for = self.covered = self.held = 0
        self.n = self.last = self.size = 0.0
        self.level: float | None = None

    def run(self) -> list[Any]:
        n = 0.0
        for i, close in enumerate(self.close):
            ranges = self._ranges(i)
            n = (
                sum(ranges[: self.window]) / self.window
                if i <= self.window
                else ((self.window - 1) * n + ranges[-1]) / self.window
            )
            self._stopped_out(i)
            broken = self._broken(i)
            if self.side:
                if not self._left(i):
                    self._go_on(i, close)
                    continue
                self.signalled.append((i, "exit"))
                broken = broken if broken == -self.side else 0
                self.side, self.level = 0, None
            if broken and n > 0 and i >= self.window:
                self.side, self.n, self.last, self.size = broken, n, close, 100.0 / n
                self.units = self.stands_for = self.covered = self.held = 1
                self.level = self._level()
                self.signalled.append((i, "long" if broken > 0 else "short", self.size, self.level))
        return self.signalled

    def _ranges(self, i: int) -> list[float]:
        close, high, low = self.close, self.high, self.low
        return [max(high[k], close[k - 1]) - min(low[k], close[k - 1]) for k in range(1, i + 1)]

    def _broken(self, i: int) -> int:
        if i < self.entry:
            return 0
        before = slice(i - self.entry, i)
        return (self.close[i] > max(self.high[before])) - (self.close[i] < min(self.low[before]))

    def _left(self, i: int) -> bool:
        before = slice(i - self.leave, i)
        if i < self.leave:
            return False
        return self.close[i] < min(self.low[before]) if self.side > 0 else self.close[i] > max(self.high[before])

    def _level(self) -> float | None:
        level = self.last - self.side * self.stop * self.n
        return level if level > 0 else None

    def _stopped_out(self, i: int) -> None:
        if not self.side or self.level is None:
            return
        if self.low[i] <= self.level if self.side > 0 else self.high[i] >= self.level:
            self.held -= self.covered
            self.level = None
            self.side = self.side if self.held else 0

    def _go_on(self, i: int, close: float) -> None:
        if self.units > self.stands_for and self._level() is not None:
            self.level, self.covered = self._level(), self.held
            self.signalled.append((i, "stop", self.level))
        self.stands_for = self.units
        if self.units < 4 and self.side * (close - self.last) >= self.step * self.n:
            self.units, self.held, self.last = self.units + 1, self.held + 1, close
            self.signalled.append((i, "add", self.size))


def short(signalled: list[tuple[int, Signal]]) -> list[Any]:
    return [(i, *words(wish)) for i, wish in signalled if wish.kind != "cancel"]


def words(wish: Signal) -> tuple[Any, ...]:
    if wish.kind == "exit":
        return ("exit",) if wish.terms.stop is None else ("stop", wish.terms.stop)
    if wish.kind == "add":
        return "add", wish.quantity
    bracket = wish.terms.bracket
    return wish.side, wish.quantity, None if bracket is None else bracket.stop_loss


def test_by_hand():
    # highs are a point over the close and lows a point under it, so that a quiet bar's true range is 2
    close = [50, 50, 50, 50, 50, 52, 53, 53, 51, 47, 44, 40, 41, 43, 47]
    assert short(ContextHarness({"IBM": ranged([(c, 1, 1) for c in close])}).run(turtle(units=1))) == [
        (5, "long", 100 / 2.5, 47.0),  # over the four highs before, all 51; ranges were 2, the new one is 3
        (8, "exit"),  # under the two lows before, both 52; of the four, 49 is not broken
        (9, "short", 100 / 3.78125, 54.5625),  # under 50; N from 2.25, 2.125, 2.5625 with a range of 5
        (13, "exit"),  # over 41 and 42
        (14, "long", 100 / 4.0556640625, 38.888671875),  # over 45
    ]


def test_a_pyramid_by_hand():
    """N is 2.5 at the entry: a unit each 1.25 higher, four of them, and a stop 5 under the last close that added."""
    close = [50, 50, 50, 50, 50, 52, 53, 54, 56, 58, 60, 54]
    assert short(ContextHarness({"IBM": ranged([(c, 1, 1) for c in close])}).run(turtle(exit=4))) == [
        (5, "long", 40.0, 47.0),
        (7, "add", 40.0),  # 53 is 1 higher, 54 is 2
        (8, "stop", 49.0),
        (8, "add", 40.0),
        (9, "stop", 51.0),
        (9, "add", 40.0),  # the fourth: 60 adds nothing
        (10, "stop", 53.0),  # the low of bar 11 reaches it, so that nothing is left to end by the channel
    ]


def test_a_stop_takes_all_units_and_a_new_pyramid_may_begin():
    close = [50, 50, 50, 50, 50, 52, 54, 55, 45, 44]
    signalled = short(ContextHarness({"IBM": ranged([(c, 1, 1) for c in close])}).run(turtle(exit=4)))
    assert signalled[:4] == [(5, "long", 40.0, 47.0), (6, "add", 40.0), (7, "stop", 49.0), (8, "short", ANY, ANY)]


def test_nothing_is_bought_where_nothing_moves_and_without_equity():
    assert ContextHarness({"IBM": ranged([(50, 0, 0)] * 20)}).run(turtle()) == []
    rising = ranged([(50 + 2 * i, 1, 1) for i in range(20)])
    assert ContextHarness({"IBM": rising}, equity=0.0).run(turtle()) == []
    [(_, entry)] = ContextHarness({"IBM": rising}, multiplier=50.0).run(turtle(units=1))
    assert entry.quantity == 100 / (3 * 50)


@given(
    BARS,
    st.integers(2, 8),
    st.integers(2, 8),
    st.integers(1, 6),
    st.sampled_from([0.4, 1.1, 2.3]),
    st.sampled_from([0.3, 0.9]),
)
def test_it_equals_its_rules_word_by_word(
    bars: list[tuple[int, int, int]], one: int, other: int, window: int, stop: float, step: float
):
    entry, leave = max(one, other), min(one, other)
    harness = ContextHarness({"IBM": ranged(bars)})
    signalled = short(harness.run(turtle(entry=entry, exit=leave, range_window=window, stop=stop, step=step)))
    expected = ByTheBook(bars, entry, leave, window, stop, step).run()
    assert [one[:2] for one in signalled] == [one[:2] for one in expected]
    for (*_, figure), (*_, figure_by_the_book) in zip(signalled, expected, strict=True):
        assert figure == figure_by_the_book or figure == pytest.approx(figure_by_the_book)


@given(BARS, BARS)
def test_symbols_know_nothing_of_each_other(one: list[tuple[int, int, int]], other: list[tuple[int, int, int]]):
    """Also where one of them has no more bars: it isn't counted again."""
    together = ContextHarness({"A": ranged(one, "A"), "B": ranged(other, "B")}).run(turtle())
    for symbol, bars in (("A", one), ("B", other)):
        alone = ContextHarness({symbol: ranged(bars, symbol)}).run(turtle())
        assert [(i, wish) for i, wish in together if (wish.symbol or wish.name.partition(".")[0]) == symbol] == alone


@pytest.mark.parametrize("framework", ["backtrader", "nautilus"])
def test_a_pyramid_on_an_engine(framework: str):
    """In at 53, on at 56 and 50; the stop at 49 closes the two that it was placed for, a later one the third at 50."""
    closes = [50.0] * 7 + [52.0, 53, 54, 56, 50, 50]
    part = Part(turtle(entry=6, exit=6), framework=framework)
    adapters = {framework: build_adapter(framework, {"feed": "on_demand"})}
    prices = resting.bars([(close, close + 1, close - 1, close) for close in closes])
    done = run_harness(market_of(prices), {"own": part}, capital=10_000, adapters=adapters)
    assert done.results["own"].error is None
    assert done.fills() == [(40.0, 53.0), (40.0, 56.0), (40.0, 50.0), (-80.0, 49.0), (-40.0, 50.0)]


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
