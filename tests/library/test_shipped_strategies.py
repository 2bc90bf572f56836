"""The strategies that ship: by hand, against slow loops that follow the rules word by word, and on the sample data."""

from __future__ import annotations

import importlib.util
import inspect
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrate import StrategyLibrary
from orchestrate.domain.errors import ConfigurationError
from orchestrate.domain.market.bars import full_history
from orchestrate.domain.plan import CapitalPlan, DataPlan, InstrumentPlan, RunPlan, StrategyPlan
from orchestrate.domain.strategies.parameters import fill_parameters
from orchestrate.domain.strategies.protocols import Signal, Signals
from orchestrate.library.catalogue import rules
from orchestrate.usecases.running.run import run
from orchestrate.wiring import load, load_class, shipped

_builders = Path(__file__).with_name("builders.py")
_spec = importlib.util.spec_from_file_location("library_builders", _builders)
assert _spec is not None and _spec.loader is not None
builders = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(builders)
ContextHarness, series_of = builders.ContextHarness, builders.series_of

CONFIGS = Path(__file__).parents[2] / "configs"
REAL = Path(__file__).parents[3] / "shared" / "data"
BOTH_WAYS = ("MEAN_REVERSION_FUTURES", "MOMENTUM_FUTURES", "TURTLE")
#: Those in options have tests of their own.
ON_BARS = sorted(name for name, one in shipped().items() if one.traits.get("asset_class") != "option")
VECTORISED = ["BUY_AND_HOLD", "MEAN_REVERSION_FUTURES", "MOMENTUM", "RSI"]
TICKS = st.lists(st.integers(1, 400), min_size=1, max_size=60)


def signals(name: str, close: list[float], **config: object) -> Signals:
    strategy: Any = StrategyLibrary.get_strategy(name, **config)
    flags = strategy.signals(full_history(series_of(close)))
    assert isinstance(flags, Signals)
    return flags


def at(flags: Any) -> list[int]:
    """The bars at which a flag is set."""
    return [] if flags is None else np.flatnonzero(flags).tolist()


@pytest.mark.parametrize("name", sorted(shipped()))
def test_every_strategy_explains_itself(name: str):
    description = shipped()[name]
    text = rules(description)
    assert description.summary.endswith(".")
    assert "Rules\n" in text
    assert name == "BUY_AND_HOLD" or "Source:" in text
    for parameter, declared in (description.parameters or {}).items():
        assert declared.help, parameter
        assert f"`{parameter}`" in text
    assert max(len(line) for line in text.splitlines()) <= 80


@pytest.mark.parametrize("name", sorted(shipped()))
def test_defaults_are_those_of_the_constructor_and_legal(name: str):
    description = shipped()[name]
    filled, problems = fill_parameters(description, {})
    assert problems == []
    taken = inspect.signature(load_class(description)).parameters
    assert {name: parameter.default for name, parameter in taken.items()} == filled


def test_the_users_parameters_are_declared():
    for name, parameter in (
        ("MOMENTUM_EQUITY", "rebalance_frequency"),
        ("MEAN_REVERSION_FUTURES", "lookback_window"),
        ("MOMENTUM_FUTURES", "leverage"),
        ("MEAN_REVERSION_EQUITY", "position_size_pct"),
        ("MOMENTUM", "fast"),
        ("RSI", "buy_below"),
    ):
        assert parameter in (shipped()[name].parameters or {})


def test_buy_and_hold_orders_on_the_first_bar_and_never_again():
    flags = signals("BUY_AND_HOLD", [5.0, 6, 7])
    assert (at(flags.enter_long), at(flags.exit_long)) == ([0], [])
    assert at(signals("BUY_AND_HOLD", [5.0]).enter_long) == [0]


def test_momentum_by_hand():
    # fast 1, slow 2: close against the mean of it and the one before, that is against the close before
    flags = signals("MOMENTUM", [5.0, 5, 6, 7, 7, 6, 6, 7, 5], fast=1, slow=2)
    assert at(flags.enter_long) == [2, 7]
    assert at(flags.exit_long) == [5, 8]
    assert flags.enter_short is None


def test_momentum_needs_the_slow_average_a_bar_before():
    assert at(signals("MOMENTUM", [9.0, 8, 7, 20], fast=1, slow=3).enter_long) == [3]
    assert at(signals("MOMENTUM", [8.0, 7, 20], fast=1, slow=3).enter_long) == []


def test_momentum_does_not_take_rounding_for_a_crossing():
    """Ten times 0.1, which no float holds, is flat whatever the window: there is nothing to trade."""
    flags = signals("MOMENTUM", [0.1] * 40, fast=3, slow=7)
    assert (at(flags.enter_long), at(flags.exit_long)) == ([], [])


@given(TICKS, st.integers(1, 6), st.integers(1, 8))
def test_momentum_equals_its_rules_word_by_word(ticks: list[int], fast: int, more: int):
    slow = fast + more
    flags = signals("MOMENTUM", [tick / 100 for tick in ticks], fast=fast, slow=slow)
    buys, sells = [], []
    for i in range(slow, len(ticks)):
        # in whole ticks times both windows: no rounding at all
        now, before = (sum(ticks[end - fast : end]) * slow - sum(ticks[end - slow : end]) * fast for end in (i + 1, i))
        if before <= 0 < now:
            buys.append(i)
        if before >= 0 > now:
            sells.append(i)
    assert (at(flags.enter_long), at(flags.exit_long)) == (buys, sells)


def test_rsi_by_hand():
    # changes −1 −1 +3 +3 with period 2: no gains at bar 2, then 1.5 to 0.5, then 2.25 to 0.25
    flags = signals("RSI", [10.0, 9, 8, 11, 14], period=2, buy_below=30, sell_above=80)
    assert (at(flags.enter_long), at(flags.exit_long)) == ([2], [4])
    flags = signals("RSI", [10.0, 9, 8, 11, 14], period=2, buy_below=30, sell_above=75)
    assert at(flags.exit_long) == [4]  # 75 itself is not over 75


@given(TICKS, st.integers(2, 8), st.floats(0.5, 2.5), st.floats(0, 0.4))
def test_mean_reversion_in_futures_equals_its_rules(ticks: list[int], window: int, entry: float, leave: float):
    close = [tick / 100 for tick in ticks]
    signalled = signals("MEAN_REVERSION_FUTURES", close, lookback_window=max(3, window), entry_z=entry, exit_z=leave)
    window = max(3, window)
    for i in range(len(close)):
        seen = close[max(0, i - window + 1) : i + 1]
        if len(seen) < window or len(set(seen)) == 1:
            flags = (False, False, False, False)
        else:
            mean = math.fsum(seen) / window
            score = (close[i] - mean) / math.sqrt(math.fsum((value - mean) ** 2 for value in seen) / (window - 1))
            if min(abs(abs(score) - entry), abs(abs(score) - leave)) < 1e-9:
                continue  # a hair's breadth from a level: rounding decides
            flags = (score < -entry, score > -leave, score > entry, score < leave)
        got = (signalled.enter_long, signalled.exit_long, signalled.enter_short, signalled.exit_short)
        assert tuple(bool(np.asarray(column)[i]) for column in got) == flags


@pytest.mark.uncounted
@settings(max_examples=40)
@given(TICKS, st.data())
@pytest.mark.parametrize("name", VECTORISED)
def test_no_signal_changes_when_the_future_is_cut_off(name: str, ticks: list[int], data: st.DataObject):
    small = {"MOMENTUM": {"fast": 2, "slow": 5}, "RSI": {"period": 3}, "MEAN_REVERSION_FUTURES": {"lookback_window": 4}}
    strategy: Any = StrategyLibrary.get_strategy(name, **small.get(name, {}))
    series = series_of([tick / 100 for tick in ticks])
    cut = data.draw(st.integers(0, len(ticks)))
    whole, part = strategy.signals(full_history(series)), strategy.signals(full_history(series, cut))
    for flags in ("enter_long", "exit_long", "enter_short", "exit_short"):
        if getattr(whole, flags) is not None:
            np.testing.assert_array_equal(getattr(whole, flags)[:cut], getattr(part, flags))


def test_mean_reversion_in_equities_by_hand():
    # lookback 3: at bar 3 the closes 10, 10, 7 have mean 9, deviation √3, score −1.15; back over the mean at bar 5
    harness = ContextHarness({"IBM": [10.0, 10, 10, 7, 7, 8, 8, 8, 5, 5, 5, 5]})
    strategy = StrategyLibrary.get_strategy(
        "MEAN_REVERSION_EQUITY", lookback=3, entry_z=1, max_holding=3, position_size_pct=20
    )
    assert harness.run(strategy) == [
        (3, Signal.enter("IBM", "long", 10_000 * 0.2 / 7)),
        (5, Signal.exit("IBM")),
        (8, Signal.enter("IBM", "long", 10_000 * 0.2 / 5)),
        (11, Signal.exit("IBM")),  # no score at all: the price stands still; but three bars old
    ]


def test_sizes_count_the_multiplier_and_need_equity():
    close = [10.0, 10, 10, 7, 7, 7]
    config = {"lookback": 3, "entry_z": 1.0, "position_size_pct": 50.0}
    [(_, entry)] = ContextHarness({"CL": close}, multiplier=100.0).run(
        StrategyLibrary.get_strategy("MEAN_REVERSION_EQUITY", **config)
    )
    assert entry.quantity == 10_000 * 0.5 / 700
    assert (
        ContextHarness({"CL": close}, equity=0.0).run(StrategyLibrary.get_strategy("MEAN_REVERSION_EQUITY", **config))
        == []
    )


def test_momentum_equity_holds_the_best_half_that_has_risen():
    prices = {
        "UP": [10.0, 11, 12, 13, 14, 14, 14, 14, 14],
        "BEST": [10.0, 12, 14, 16, 18, 15, 12, 9, 9],
        "DOWN": [10.0, 9, 8, 7, 6, 6, 6, 7, 8],
    }
    strategy = StrategyLibrary.get_strategy("MOMENTUM_EQUITY", lookback=2, skip=1, rebalance_frequency=1)
    assert ContextHarness(prices).run(strategy) == [
        (3, Signal.enter("BEST")),  # 10 → 14 against 10 → 12, known a bar later
        (3, Signal.enter("UP")),
        (6, Signal.exit("BEST")),  # 16 → 15
        (7, Signal.exit("UP")),  # 14 → 14: not risen
        (8, Signal.enter("DOWN")),  # 6 → 7
    ]
    one = StrategyLibrary.get_strategy("MOMENTUM_EQUITY", lookback=2, skip=1, rebalance_frequency=1, holdings=1)
    assert ContextHarness(prices).run(one)[:3] == [
        (3, Signal.enter("BEST")),
        (6, Signal.exit("BEST")),
        (6, Signal.enter("UP")),
    ]


def test_equal_scores_go_to_the_symbol_named_first():
    prices = {"B": [1.0, 2, 2], "A": [1.0, 2, 2], "C": [1.0, 2, 2]}
    strategy = StrategyLibrary.get_strategy("MOMENTUM_EQUITY", lookback=1, skip=0, rebalance_frequency=100, holdings=1)
    other = StrategyLibrary.get_strategy("MOMENTUM_EQUITY", lookback=1, skip=0, rebalance_frequency=1, holdings=1)
    assert ContextHarness(prices).run(strategy) == []  # its only rebalance was before there was a history
    assert ContextHarness(prices).run(other) == [(1, Signal.enter("B")), (2, Signal.exit("B"))]


@pytest.mark.parametrize(
    ("frequency", "bars"),
    [
        ("daily", list(range(70))),
        ("weekly", [0, 7, 14, 21, 28, 35, 42, 49, 56, 63]),  # Mondays
        ("monthly", [0, 31, 59]),
        ("quarterly", [0]),
        (30, [0, 30, 60]),
        (1, list(range(70))),
    ],
)
def test_when_a_period_begins(frequency: str | int, bars: list[int]):
    strategy: Any = StrategyLibrary.get_strategy("MOMENTUM_EQUITY", rebalance_frequency=frequency)
    calendar = strategy.calendar
    assert [day for day in range(70) if calendar.begins(builders.MONDAY + (day + 1) * builders.DAY - 1)] == bars


@pytest.mark.parametrize("frequency", ["hourly", 0, 2.5])
def test_frequencies_there_are_not(frequency: object):
    with pytest.raises(ConfigurationError, match="rebalance_frequency"):
        StrategyLibrary.get_strategy("MOMENTUM_EQUITY", rebalance_frequency=frequency)
    with pytest.raises(ValueError, match="rebalance_frequency"):
        load_class(shipped()["MOMENTUM_EQUITY"])(rebalance_frequency=frequency)


def test_momentum_in_futures_goes_both_ways():
    harness = ContextHarness({"CL": [10.0, 11, 12, 11, 10, 9, 9, 9, 10]}, multiplier=10.0)
    config = {
        "lookback": 2,
        "rebalance_frequency": 1,
        "leverage": 3.0,
        "target_volatility": 0.05,
        "volatility_window": 2,
    }
    signalled = harness.run(StrategyLibrary.get_strategy("MOMENTUM_FUTURES", **config))
    assert [(bar, wish.kind, wish.side) for bar, wish in signalled] == [
        (2, "entry", "long"),
        (3, "exit", "long"),  # 11 → 11
        (4, "entry", "short"),
        (7, "exit", "long"),  # 9 → 9; an exit has no side
        (8, "entry", "long"),
    ]
    assert signalled[0][1].quantity == 10_000 * 3.0 / 120  # +1, +1: no volatility at all, so all of the leverage
    # −1, −1 again; then 0, +1: a deviation of √½ on a price of 10
    assert signalled[4][1].quantity == pytest.approx(10_000 * 0.05 / (math.sqrt(0.5) / 10) / 100)


def test_momentum_in_futures_reverses_in_one_go_and_shares_among_symbols():
    config = {
        "lookback": 1,
        "rebalance_frequency": 1,
        "leverage": 2.0,
        "target_volatility": 1.0,
        "volatility_window": 2,
    }
    signalled = ContextHarness({"CL": [10.0, 10, 11, 8], "GC": [5.0, 5, 5, 5]}).run(
        StrategyLibrary.get_strategy("MOMENTUM_FUTURES", **config)
    )
    assert signalled == [
        (2, Signal.enter("CL", "long", 10_000 * 2 / 2 / 11)),
        (3, Signal.exit("CL")),
        (3, Signal.enter("CL", "short", 10_000 * 2 / 2 / 8)),
    ]


def test_nothing_is_sized_by_a_price_that_is_not_positive():
    config = {"lookback": 1, "rebalance_frequency": 1, "volatility_window": 2}
    assert (
        ContextHarness({"CL": [3.0, 1, -1, -3]}).run(StrategyLibrary.get_strategy("MOMENTUM_FUTURES", **config)) == []
    )


def traded(name: str, files: list[Path], *, future: bool = False, **config: object) -> list[float]:
    """The sizes of the closed trades of a run on Backtrader."""
    description = shipped()[name]
    filled, problems = fill_parameters(description, config)
    assert problems == []
    symbols = tuple(path.name.partition(".")[0] for path in files)
    instruments = {
        symbol: InstrumentPlan(symbol, margin_rate=Decimal("0.1"), asset_class="future") for symbol in symbols if future
    }
    plan = RunPlan(
        "single",
        CapitalPlan(Decimal(100_000)),
        {symbol: DataPlan(symbol, path=str(path)) for symbol, path in zip(symbols, files, strict=True)},
        instruments,
        (StrategyPlan(name, name, description.kind, name, "backtrader", Decimal(1), symbols, config=filled),),
    )
    result = run(plan)
    assert result.status == "completed"
    return [trade.quantity for trade in result.strategies[name].trades]


@pytest.mark.uncounted
@pytest.mark.parametrize("name", ON_BARS)
def test_every_strategy_trades_sensibly_on_the_sample_data(name: str):
    quantities = traded(name, [CONFIGS / "data" / "ALPHA.csv"], future=name in BOTH_WAYS)
    if name == "BUY_AND_HOLD":
        assert quantities == []
    else:
        assert 5 <= len(quantities) <= 200
    assert any(quantity < 0 for quantity in quantities) == (name in BOTH_WAYS)


@pytest.mark.uncounted
@pytest.mark.skipif(not REAL.is_dir(), reason="../shared/data, real prices that may not be published, is not here")
@pytest.mark.parametrize(
    ("name", "files", "least", "most"),
    [
        ("MOMENTUM", ["equities_daily/SPY.csv"], 40, 90),
        ("RSI", ["equities_daily/SPY.csv"], 10, 40),
        ("MOMENTUM_EQUITY", ["equities_daily/SPY.csv", "equities_daily/IWM.csv", "equities_daily/EEM.csv"], 20, 80),
        ("MEAN_REVERSION_EQUITY", ["equities_daily/SPY.csv"], 60, 160),
        ("MOMENTUM_FUTURES", ["futures_daily/CL.csv", "futures_daily/GC.csv"], 20, 60),
        ("MEAN_REVERSION_FUTURES", ["futures_daily/CL.csv"], 60, 200),
        ("TURTLE", ["futures_daily/CL.csv", "futures_daily/GC.csv"], 60, 250),
    ],
)
def test_every_strategy_trades_sensibly_on_real_data(name: str, files: list[str], least: int, most: int):
    quantities = traded(name, [REAL / file for file in files], future=name in BOTH_WAYS)
    assert least <= len(quantities) <= most
    if name in BOTH_WAYS:
        assert sum(quantity < 0 for quantity in quantities) >= 10
        assert sum(quantity > 0 for quantity in quantities) >= 10


@pytest.mark.skipif(not REAL.is_dir(), reason="../shared/data, real prices that may not be published, is not here")
@pytest.mark.parametrize("file", ["equities_daily/SPY.csv", "futures_daily/CL.csv", "fx/EURUSD_1d.csv"])
def test_momentum_and_rsi_on_real_prices_equal_plain_numpy(file: str):
    close = np.loadtxt(REAL / file, delimiter=",", skiprows=1, usecols=4)
    means = [np.array([np.nan] * n + [close[i - n : i].mean() for i in range(n, len(close) + 1)])[1:] for n in (20, 50)]
    difference = np.round(means[0] - means[1], 9)
    above, below = difference > 0, difference < 0
    buys = [i for i in range(50, len(close)) if above[i] and not above[i - 1]]
    sells = [i for i in range(50, len(close)) if below[i] and not below[i - 1]]
    flags = signals("MOMENTUM", close.tolist())
    assert (at(flags.enter_long), at(flags.exit_long)) == (buys, sells)
    assert len(buys) > 20

    change = np.diff(close)
    gain, loss = np.clip(change, 0, None), np.clip(-change, 0, None)
    up, down = gain[:14].mean(), loss[:14].mean()
    rsi = [np.nan] * 14 + [100 - 100 / (1 + up / down)]
    for i in range(14, len(change)):
        up, down = (up * 13 + gain[i]) / 14, (down * 13 + loss[i]) / 14
        rsi.append(100 - 100 / (1 + up / down))
    flags = signals("RSI", close.tolist())
    assert at(flags.enter_long) == at(np.array(rsi) < 30)
    assert at(flags.exit_long) == at(np.array(rsi) > 70)


def test_a_strategy_can_be_made_by_hand_too():
    momentum = load_class(shipped()["MOMENTUM"])
    assert vars(momentum(fast=5)) == vars(load(shipped()["MOMENTUM"], {"fast": 5}))
