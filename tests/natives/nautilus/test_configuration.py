"""An entry's `config` becomes the native's own configuration object."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from nautilus_trader.config import PositiveInt, StrategyConfig
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import OrderSide, TimeInForce
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy

from orchestrate.domain.market.timeline import BarSeries
from orchestrate.engines.nautilus.hosting.configuration import build, listings
from tests.natives.nautilus.builders import DAY, MINUTE, Hosted, Part, drawn, market, play, wave
from tests.natives.nautilus.scripts import Keywords, Pair, Planned

if TYPE_CHECKING:
    from somewhere import Unheard


class EveryType(StrategyConfig, frozen=True):
    instrument_id: InstrumentId
    bar_type: BarType
    size: Decimal
    period: PositiveInt = 10
    ratio: float = 0.5
    side: OrderSide = OrderSide.BUY
    until: TimeInForce | None = None
    pause: timedelta | None = None
    wait: pd.Timedelta | None = None
    when: pd.Timestamp | None = None
    others: list[InstrumentId] = []  # noqa: RUF012 - msgspec copies it
    name: str = ""
    on: bool = False


class Native(Strategy):
    def __init__(self, config: EveryType) -> None:
        super().__init__(config)


class MayHaveNone(Strategy):
    def __init__(self, config: EveryType | None = None) -> None:
        super().__init__(config)


class Plain(Strategy):
    """Has the constructor of all strategies."""


class Elsewhere(Strategy):
    def __init__(self, bar_type: BarType, what: Unheard = None) -> None:
        super().__init__()
        self.given = (bar_type, what)


class Unannotated(Strategy):
    def __init__(self, config):
        super().__init__(config)


class TwoVenues(StrategyConfig, frozen=True):
    first: InstrumentId
    second: InstrumentId


class NativeOfTwo(Strategy):
    def __init__(self, config: TwoVenues) -> None:
        super().__init__(config)


LENGTHS = {"A": DAY, "B_C": DAY}


def instance(native: type[Strategy] = Native, lengths: dict[str, int] | None = None, **config: Any) -> Any:
    return build(native, config, listings(lengths or LENGTHS, config), "trend")


def test_strings_become_what_the_config_class_declares():
    config = instance(
        size="1.50",
        period="7",
        ratio="0.25",
        side="SELL",
        until="gtc",
        pause="90min",
        wait="2h",
        when="2020-02-03",
        others=["A.ORCHESTRATE", "B-C#1.ORCHESTRATE"],
        name="N",
        on=True,
    ).config
    assert (config.size, config.period, config.ratio) == (Decimal("1.50"), 7, 0.25)
    assert (config.side, config.until) == (OrderSide.SELL, TimeInForce.GTC)
    assert (config.pause, config.wait) == (timedelta(minutes=90), pd.Timedelta("2h"))
    assert config.when == pd.Timestamp("2020-02-03")
    assert [str(each) for each in config.others] == ["A.ORCHESTRATE", "B-C#1.ORCHESTRATE"]
    assert (config.name, config.on) == ("N", True)


def test_values_that_have_their_type_already_stay():
    day = timedelta(days=1)
    config = instance(
        size=Decimal(3), side=OrderSide.SELL, pause=day, others=[InstrumentId.from_str("A.ORCHESTRATE")]
    ).config
    assert (config.size, config.side, config.pause) == (Decimal(3), OrderSide.SELL, day)
    assert config.others == [InstrumentId.from_str("A.ORCHESTRATE")]


def test_instruments_bars_and_tag_are_filled_in():
    config = instance(size=1).config
    assert str(config.instrument_id) == "A.ORCHESTRATE"
    assert str(config.bar_type) == "A.ORCHESTRATE-1-DAY-LAST-EXTERNAL"
    assert config.order_id_tag == "trend"
    assert str(instance(size=1).id) == "Native-trend"
    pair = instance(Pair).config
    assert [str(each) for each in pair.instrument_ids] == ["A.ORCHESTRATE", "B-C#1.ORCHESTRATE"]
    assert [str(each) for each in pair.bar_types] == [
        "A.ORCHESTRATE-1-DAY-LAST-EXTERNAL",
        "B-C#1.ORCHESTRATE-1-DAY-LAST-EXTERNAL",
    ]


def test_what_is_given_is_kept():
    config = instance(size=1, instrument_id="B_C", bar_type="B_C", order_id_tag="007").config
    assert str(config.instrument_id) == "B-C#1.ORCHESTRATE"
    assert str(config.bar_type).startswith("B-C#1.ORCHESTRATE-1-DAY")
    assert config.order_id_tag == "007"
    assert str(instance(size=1, instrument_id=None).config.instrument_id) == "A.ORCHESTRATE"


def test_the_venue_is_that_of_the_configuration():
    config = instance(size=1, instrument_id="A.XNAS").config
    assert str(config.instrument_id) == "A.XNAS"
    assert str(config.bar_type) == "A.XNAS-1-DAY-LAST-EXTERNAL"


@pytest.mark.parametrize(
    ("length", "named"),
    [
        (MINUTE, "1-MINUTE"),
        (15 * MINUTE, "15-MINUTE"),
        (60 * MINUTE, "1-HOUR"),
        (4 * 60 * MINUTE, "4-HOUR"),
        (7 * DAY, "1-WEEK"),
        (30_000_000_000, "30-SECOND"),
        (250_000_000, "250-MILLISECOND"),
    ],
)
def test_bars_are_named_by_their_length(length, named):
    (listing,) = listings({"A": length}, {})
    assert str(listing.bar_type) == f"A.ORCHESTRATE-{named}-LAST-EXTERNAL"


def test_other_constructors():
    assert instance(MayHaveNone, size=1).config.size == 1
    assert instance(Plain).order_id_tag == "trend"
    native = instance(Keywords, size="5", pause="1h")
    assert (str(native.instrument_id), native.size, native.pause) == ("A.ORCHESTRATE", 5, timedelta(hours=1))
    bar_type, nothing = instance(Elsewhere).given
    assert (str(bar_type), nothing) == ("A.ORCHESTRATE-1-DAY-LAST-EXTERNAL", None)


@pytest.mark.parametrize(
    ("native", "config", "message"),
    [
        (Native, {"size": 1, "perod": 3}, "Native has no parameter 'perod'; did you mean 'period'?"),
        (Native, {"size": "many"}, "config.size = 'many'"),
        (Native, {"size": 1, "period": 0}, "config.period = 0"),
        (Native, {"size": 1, "side": "HOLD"}, "config.side = 'HOLD'"),
        (
            Native,
            {"size": 1, "instrument_id": "Z.ORCHESTRATE"},
            "config.instrument_id is Z.ORCHESTRATE, and this entry",
        ),
        (
            Native,
            {"size": 1, "bar_type": "A.ORCHESTRATE-5-MINUTE-LAST-EXTERNAL"},
            "config.bar_type is A.ORCHESTRATE-5-",
        ),
        (Native, {"size": 1, "oms_type": "HEDGING"}, "oms_type HEDGING is not hosted"),
        (NativeOfTwo, {"first": "A.XNAS", "second": "B-C#1.XNYS"}, "several venues: XNAS, XNYS"),
    ],
)
def test_what_does_not_fit_is_named(native, config, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        instance(native, **config)


def test_what_is_missing_is_named():
    with pytest.raises(TypeError, match="size"):
        instance()
    with pytest.raises(TypeError, match=r"Unannotated.__init__ doesn't name the class of its config"):
        instance(Unannotated)


def test_bars_that_nautilus_has_no_name_for():
    with pytest.raises(ValueError, match=r"Nautilus has no name for bars of 0 days 00:00:00\.0000005"):
        listings({"A": 500}, {})


def hosted(series: BarSeries, native: type, **config: object) -> Hosted:
    return play(market(series), {"native": Part(native, config)})


def test_a_wrong_configuration_fails_its_strategy_alone():
    played = hosted(wave(bars=20), Planned, tga="x")
    assert played.error() == "ValueError: Planned has no parameter 'tga'; did you mean 'tag'?"
    assert played.trades() == []


def test_keywords_without_a_config_class():
    played = hosted(wave(bars=20), Keywords, size=7)
    assert [(step, quantity) for step, _, quantity, _ in played.trades()] == [(3, 7.0)]


class Subscriber(Planned):
    def on_start(self) -> None:
        self.subscribe_bars(BarType.from_str(self.config.tag))


@pytest.mark.parametrize(
    ("bars", "why"),
    [
        ("A.ORCHESTRATE-5-MINUTE-LAST-EXTERNAL", "no such bars"),
        ("A.ORCHESTRATE-100-TICK-LAST-INTERNAL", "aggregation inside Nautilus is not hosted"),
        ("A.ORCHESTRATE-5-DAY-LAST-INTERNAL@1-DAY-EXTERNAL", "aggregation inside Nautilus is not hosted"),
    ],
)
def test_bars_that_the_run_does_not_have_are_refused(bars, why):
    Planned.plans[bars] = {}
    played = hosted(drawn("A", [(10.0, 11.0, 9.0, 10.0)] * 3), Subscriber, tag=bars)
    assert played.error().startswith("NotHostedError" if "5-DAY" not in bars else "")
    assert why in played.error() or "Invalid step" in played.error()
