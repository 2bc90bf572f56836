"""Nautilus scripts as users have them trade, alone under the orchestrator, as in their bare engine."""

from __future__ import annotations

import importlib
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from nautilus_trader.model.enums import OrderType
from nautilus_trader.trading.strategy import Strategy

from orchestrate.domain.market.timeline import BarSeries, Market
from orchestrate.domain.orders.execution import ExecutionRules
from tests.natives.nautilus.builders import (
    AT_CLOSE,
    DAY,
    NEXT_OPEN,
    START,
    Trade,
    bar_type,
    bare,
    drawn,
    host,
    instrument_id,
    market,
    wave,
)
from tests.natives.nautilus.scripts import (
    BracketCross,
    CrossConfig,
    Pair,
    PairConfig,
    TimerConfig,
    TimerRebalancer,
)

pytestmark = pytest.mark.uncounted  # long runs, whose code shorter ones reach

BOTH_RULES = pytest.mark.parametrize("rules", [NEXT_OPEN, AT_CLOSE], ids=["next_open", "close"])
STAGE = market(wave(bars=600, gap=0.5))
OWN = {"instrument_id": instrument_id("A"), "bar_type": bar_type("A")}


def example(module: str) -> Any:
    name = f"nautilus_trader.examples.strategies.{module}"
    if find_spec(name) is None:
        pytest.skip(f"this version of Nautilus ships no {module}")
    return importlib.import_module(name)


def both(native: type[Strategy], config: type, rules: ExecutionRules, **given: Any) -> tuple[list[Trade], list[Trade]]:
    """Trades hosted and bare."""
    hosted = host(native, STAGE, rules, **given)
    assert hosted.error() == ""
    return hosted.trades(), bare(native(config(**OWN, **given)), STAGE, rules)


@BOTH_RULES
@pytest.mark.parametrize(
    ("module", "name", "config", "at_least"),
    [
        ("ema_cross", "EMACross", {}, 20),
        ("ema_cross_long_only", "EMACrossLongOnly", {}, 10),
        ("ema_cross_bracket", "EMACrossBracket", {}, 30),
        ("ema_cross_bracket_algo", "EMACrossBracketAlgo", {}, 30),
        ("bb_mean_reversion", "BBMeanReversion", {}, 20),
        (
            "ema_cross_trailing_stop",
            "EMACrossTrailingStop",
            {
                "atr_period": 14,
                "trailing_atr_multiple": 2.0,
                "trailing_offset_type": "PRICE",
                "trigger_type": "DEFAULT",
            },
            1,
        ),
    ],
)
def test_what_ships_with_nautilus(module, name, config, at_least, rules):
    shipped = example(module)
    config = {"trade_size": Decimal(100), **config}
    hosted, alone = both(getattr(shipped, name), getattr(shipped, f"{name}Config"), rules, **config)
    assert hosted == alone
    assert len(hosted) >= at_least


@BOTH_RULES
def test_stop_entries_and_trailing_stops_that_ship_with_nautilus(rules):
    shipped = example("ema_cross_stop_entry")
    hosted, alone = both(
        shipped.EMACrossStopEntry,
        shipped.EMACrossStopEntryConfig,
        rules,
        trade_size=Decimal(100),
        atr_period=14,
        trailing_atr_multiple=2.0,
        trailing_offset_type="PRICE",
        trailing_offset=Decimal("1.5"),
        trigger_type="DEFAULT",
    )
    assert hosted == alone
    assert len(hosted) > 60


@pytest.mark.parametrize(
    ("module", "name", "config"),
    [
        ("blank", "MyStrategy", {}),
        ("signal_strategy", "SignalStrategy", {}),
        ("simpler_quoter", "SimpleQuoterStrategy", {"tob_offset_ticks": 1}),
        ("volatility_market_maker", "VolatilityMarketMaker", {"atr_period": 5, "atr_multiple": 2.0, "trade_size": 10}),
    ],
)
def test_those_that_live_on_ticks_hear_of_none_as_in_any_run_on_bars(module, name, config):
    hosted = host(getattr(example(module), name), STAGE, **config)
    assert hosted.error() == ""
    assert hosted.trades() == []


@pytest.mark.parametrize(
    ("module", "name", "config", "why"),
    [
        ("orderbook_imbalance", "OrderBookImbalance", {"max_trade_size": 10}, "an order book is not hosted"),
        ("ema_cross_twap", "EMACrossTWAP", {"trade_size": 10}, "the execution algorithm TWAP is not hosted"),
        ("ema_cross_hedge_mode", "EMACross", {"trade_size": 10}, "a book has one a symbol"),
        ("subscribe", "SubscribeStrategy", {"book_type": "L2_MBP"}, "an order book is not hosted"),
    ],
)
def test_those_that_need_what_cannot_be_hosted_say_so(module, name, config, why):
    hosted = host(getattr(example(module), name), STAGE, **config)
    assert hosted.error().startswith("NotHostedError")
    assert why in hosted.error()
    assert hosted.trades() == []


@BOTH_RULES
@pytest.mark.parametrize("entry", [OrderType.MARKET, OrderType.LIMIT])
@pytest.mark.parametrize("modify", [False, True], ids=["", "stops_follow"])
def test_ema_cross_with_brackets(entry, modify, rules):
    hosted, alone = both(BracketCross, CrossConfig, rules, entry=entry, modify=modify)
    assert hosted == alone
    assert len(hosted) > 40


@BOTH_RULES
def test_two_instruments(rules):
    stage = market(wave("A", seed=3), wave("B", seed=4))
    hosted = host(Pair, stage, rules, threshold=0.05)
    config = PairConfig(
        instrument_ids=[instrument_id("A"), instrument_id("B")],
        bar_types=[bar_type("A"), bar_type("B")],
        threshold=0.05,
    )
    alone = bare(Pair(config), stage, rules)
    assert hosted.error() == ""
    if rules is NEXT_OPEN:
        assert hosted.trades() == alone
    else:
        # in one step the bare engine fills before the next bar of the same moment, hence in another order
        assert sorted(hosted.trades()) == sorted(alone)
    assert len(hosted.trades()) >= 8


@pytest.mark.parametrize("alert", [None, pd.Timestamp(START, unit="ns", tz="UTC") + pd.Timedelta(days=40, hours=5)])
def test_orders_from_timers_fill_at_the_next_open(alert):
    hosted, alone = both(TimerRebalancer, TimerConfig, NEXT_OPEN, alert=alert)
    assert hosted == alone
    assert len(hosted) > 100


def test_a_series_with_gaps_is_stepped_through_in_time():
    days = [7 * week + day for week in range(12) for day in range(5)]
    rows = [(100.0 + day, 103.0 + day, 98.0 + day, 101.0 + day) for day in days]
    stage = market(drawn("A", rows, days))
    hosted = host(TimerRebalancer, stage, NEXT_OPEN, every="3 days 6h")
    alone = bare(TimerRebalancer(TimerConfig(**OWN)), stage, NEXT_OPEN)
    assert hosted.error() == ""
    assert hosted.trades() == alone
    assert len(alone) > 20


DATA = Path(__file__).parents[4] / "shared" / "data" / "equities_daily"


def real(symbol: str) -> Market:
    """Daily bars as they were, rounded to cents."""
    path = DATA / f"{symbol}.csv"
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    frame = pd.read_csv(path).rename(columns=str.lower)
    prices = frame[["open", "high", "low", "close"]].round(2)
    columns = [prices[name].to_numpy(copy=True) for name in prices]
    columns[1], columns[2] = prices.max(axis=1).to_numpy(copy=True), prices.min(axis=1).to_numpy(copy=True)
    label = pd.to_datetime(frame.iloc[:, 0], utc=True).dt.tz_localize(None).to_numpy().astype("datetime64[ns]")
    stamps = label.astype("int64")
    volume = frame["volume"].to_numpy(dtype="float64", copy=True)
    return market(BarSeries("A", stamps, *columns, volume, stamps + DAY, DAY))


@pytest.mark.uncounted  # long runs of what short tests cover
@BOTH_RULES
@pytest.mark.parametrize("symbol", [pytest.param("AAPL", marks=pytest.mark.slow), "QQQ"])
def test_on_real_bars(symbol, rules):
    stage = real(symbol)
    hosted = host(BracketCross, stage, rules, distance=2.0)
    assert hosted.error() == ""
    assert hosted.trades() == bare(BracketCross(CrossConfig(**OWN, distance=2.0)), stage, rules)
    assert len(hosted.trades()) > 50
