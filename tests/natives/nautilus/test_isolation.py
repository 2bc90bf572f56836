"""A Nautilus native that raises, wherever it does, fails alone; what it holds is closed and nothing of it lives on."""

from __future__ import annotations

import time
from typing import Any

import pytest
from nautilus_trader.indicators.base import Indicator
from nautilus_trader.model.data import Bar

from orchestrate.domain.errors import UserInterrupt
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.engines.nautilus.adapter import NautilusOrchestrationAdapter
from orchestrate.orchestration.orders.ports import StrategySeat
from orchestrate.usecases.running.watchdog import Watchdog
from tests.natives.nautilus.builders import AT_CLOSE, NEXT_OPEN, Hosted, Part, drawn, market, play
from tests.natives.nautilus.scripts import Planned

FLAT = [(10.0, 10.5, 9.5, 10.0)] * 10
BOOM = ZeroDivisionError("boom")


def sound() -> dict[Any, Any]:
    return {1: lambda one, _: one.market(10), 6: lambda one, _: one.market(-10)}


def together(broken: dict[Any, Any], native: type = Planned, rules: Any = NEXT_OPEN) -> Hosted:
    """A broken one between two that are sound, on the same symbol."""
    Planned.plans.update(before=sound(), broken=broken, after=sound())
    parts = {name: Part(Planned, {"tag": name}, pct=30) for name in ("before", "after")}
    parts["broken"] = Part(native, {"tag": "broken"}, pct=30)
    return play(market(drawn("A", FLAT)), {name: parts[name] for name in ("before", "broken", "after")}, rules)


def require_the_others_whole(played: Hosted, rules: Any = NEXT_OPEN) -> None:
    wanted = [(2, "A", 10.0, 10.0), (7, "A", -10.0, 10.0)]
    if rules is AT_CLOSE:
        wanted = [(1, "A", 10.0, 10.0), (6, "A", -10.0, 10.0)]
    for name in ("before", "after"):
        assert played.error(name) == ""
        assert played.trades(name) == wanted


@pytest.mark.parametrize("rules", [NEXT_OPEN, AT_CLOSE], ids=["next_open", "close"])
@pytest.mark.parametrize(
    ("place", "traded"),
    [
        ("__init__", 0),
        ("on_start", 0),
        ("on Initialized", 0),
        ("on Submitted", 2),
        ("on Filled", 2),
        ("PositionOpened", 2),
        ("PositionClosed", 2),
    ],
)
def test_wherever_it_raises(place, traded, rules):
    played = together(sound() | {place: BOOM}, rules=rules)
    assert played.error("broken") == "ZeroDivisionError: boom"
    require_the_others_whole(played, rules)
    trades = played.trades("broken")
    assert len(trades) == traded
    assert sum(quantity for _, _, quantity, _ in trades) == 0.0


def test_on_bar_with_orders_resting_and_waiting():
    def fall(one: Planned, _: object) -> None:
        one.limit(5, 8.0)
        raise BOOM

    plan = {0: lambda one, _: one.bracket(10, target=20.0, stop=5.0), 2: lambda one, _: one.limit(5, 9.0), 4: fall}
    played = together(plan)
    assert played.error("broken") == "ZeroDivisionError: boom"
    require_the_others_whole(played)
    assert played.trades("broken") == [(1, "A", 10.0, 10.0), (5, "A", -10.0, 10.0)]
    assert Planned.notices["broken"][-1] != "stop"
    assert played.orchestrator.session.blotter.resting() == []


def test_a_timer():
    def ring(_: object) -> None:
        raise BOOM

    def wind(one: Planned, bar: Bar) -> None:
        one.market(10)
        one.clock.set_time_alert_ns("boom", bar.ts_event + 90_000_000_000_000, ring)

    played = together({0: wind})
    assert played.error("broken") == "ZeroDivisionError: boom"
    require_the_others_whole(played)
    assert played.trades("broken") == [(1, "A", 10.0, 10.0), (2, "A", -10.0, 10.0)]


class Weary(Indicator):
    """Raises at its third bar."""

    def __init__(self) -> None:
        super().__init__([])
        self.bars = 0

    def handle_bar(self, bar: Bar) -> None:
        self.bars += 1
        if self.bars == 3:
            raise BOOM


class WithIndicator(Planned):
    def on_start(self) -> None:
        super().on_start()
        self.register_indicator_for_bars(self.config.bar_type, Weary())


def test_an_indicator():
    played = together({}, WithIndicator)
    assert played.error("broken") == "ZeroDivisionError: boom"
    require_the_others_whole(played)


def test_on_stop_where_positions_are_closed_at_the_end_breaks_nobody():
    rules = ExecutionRules(close_at_end=True)
    played = together({1: lambda one, _: one.market(10), "on_stop": BOOM}, rules=rules)
    require_the_others_whole(played)
    assert [quantity for _, _, quantity, _ in played.trades("broken")] == [10.0, -10.0]


def test_on_stop_fails_alone():
    played = together(sound() | {"on_stop": BOOM})
    assert played.error("broken") == "ZeroDivisionError: boom"
    require_the_others_whole(played)
    assert len(played.trades("broken")) == 2
    assert [Planned.notices[name][-1] for name in ("before", "after")] == ["stop", "stop"]


def test_an_exception_that_is_no_exception_is_kept_too():
    played = together({2: _exit})
    assert played.error("broken") == "SystemExit: 3"
    require_the_others_whole(played)


def _exit(*_: object) -> None:
    raise SystemExit(3)


@pytest.mark.parametrize("place", ["on_bar", "timer"])
def test_one_that_hangs_is_broken_off(place):
    def hang(*_: object) -> None:
        while True:
            pass

    def wind(one: Planned, bar: Bar) -> None:
        one.clock.set_time_alert_ns("hang", bar.ts_event + 1, hang)

    Planned.plans.update(broken={2: hang if place == "on_bar" else wind}, after=sound())
    parts = {name: Part(Planned, {"tag": name}, pct=50) for name in ("broken", "after")}
    watchdog = Watchdog(0.2)
    with watchdog.armed() as armed:
        assert armed
        played = play(market(drawn("A", FLAT)), parts, watch=watchdog)
    assert played.error("broken").startswith("StrategyTimeout: no answer within 0.2 seconds")
    assert played.error("after") == ""
    assert played.trades("after") == [(2, "A", 10.0, 10.0), (7, "A", -10.0, 10.0)]


@pytest.mark.parametrize("error", [UserInterrupt, KeyboardInterrupt])
def test_ctrl_c_passes_and_what_looks_like_it_fails_alone(error: type[KeyboardInterrupt]):
    def interrupt(*_: object) -> None:
        raise error

    Planned.plans["one"] = {2: interrupt}
    parts = {"one": Part(Planned, {"tag": "one"})}
    if error is UserInterrupt:
        with pytest.raises(UserInterrupt):
            play(market(drawn("A", FLAT)), parts)
    else:
        assert play(market(drawn("A", FLAT)), parts).error("one").startswith("KeyboardInterrupt")


def test_a_failed_one_is_not_called_any_more():
    calls: list[int] = []

    def fall(one: Planned, _: object) -> None:
        one.clock.set_timer_ns("again", 1_000_000_000, 0, 0, lambda event: calls.append(event.ts_event))
        raise BOOM

    plan = {2: fall} | {number: lambda one, _: calls.append(one.bars) for number in range(3, 10)}
    played = together(plan)
    assert played.error("broken") == "ZeroDivisionError: boom"
    assert calls == []


def test_time_in_a_native_is_reported_to_the_watch():
    spent: list[float] = []

    class Watch:
        def __enter__(self) -> None:
            self.started = time.perf_counter()

        def __exit__(self, *_: object) -> None:
            spent.append(time.perf_counter() - self.started)

    Planned.plans["default"] = {1: lambda *_: time.sleep(0.02)}
    stage = market(drawn("A", FLAT[:3]))
    engine = NautilusOrchestrationAdapter()
    account = StrategySeat("one", 1000.0, ("A",), native=Planned, scope=Watch())
    engine.begin(stage, [account], ExecutionRules())
    before = len(spent)
    for step, t in enumerate(stage.timeline.stamps.tolist()):
        engine.advance(t, {"A": step})
    engine.end()
    assert before >= 2
    assert len(spent) == before + 5  # three bars, on_stop, on_dispose
    assert max(spent) >= 0.02
