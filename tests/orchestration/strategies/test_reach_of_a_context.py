"""What `on_bar` is handed leads, by attributes, items and bases, to the strategy's own past and to nothing else."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import pytest

from orchestrate.domain.books import Book
from orchestrate.domain.market.bars import PointInTimeBars
from orchestrate.domain.market.timeline import BarSeries, Market, Timeline
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.orchestration.orders.blotter import Blotter
from orchestrate.orchestration.strategies.registry import StrategyEntry
from orchestrate.orchestration.strategies.views import StrategyView
from tests.engines.builders import market_of, series
from tests.orchestration.harness import Part, Scripted, fixed, run_harness

NOW = 4
BARS = [(10.0, 10.0)] * NOW + [(5000.0, 5000.0)] * 4
SECRET = (Book, PointInTimeBars, BarSeries, Market, Timeline, StrategyView, StrategyEntry, Blotter)
CODE = (type, ModuleType, FunctionType, BuiltinFunctionType)


def led_to(start: object) -> Iterator[object]:
    """Everything that attributes, slots, items, bases and bound methods lead to; code and its closures left out."""
    seen: set[int] = set()
    waiting = [start]
    while waiting:
        reached = waiting.pop()
        if id(reached) in seen or isinstance(reached, CODE):
            continue
        seen.add(id(reached))
        yield reached
        waiting += gc.get_referents(reached)
        if isinstance(reached, np.ndarray):
            waiting.append(reached.base)
        if isinstance(reached, memoryview):
            waiting.append(reached.obj)


def at_bar(number: int, look: Callable[[Any], Any], before: Any = ()) -> Any:
    """A run in which `look` is called with the context of one bar; what it returns."""
    reached = []

    def answer(context: Any) -> Any:
        reached.append(look(context))
        return ()

    plan = {0: before, number: answer}
    done = run_harness(
        market_of(series("A", BARS), series("B", BARS)),
        {"s": Part(Scripted(plan), ("A",), pct=50, sizing=fixed(5)), "t": Part(Scripted({}), ("A", "B"), pct=50)},
    )
    assert done.results["s"].error is None
    return reached[0]


def test_nothing_of_the_run_is_within_reach() -> None:
    def look(context: Any) -> list[object]:
        bars, position = context.bars(), context.position()
        methods = [getattr(context, name) for name in dir(context) if isinstance(getattr(context, name), MethodType)]
        own = [context, bars, bars[-1], bars[1:], bars.close, position, *context._reach, *methods]
        return [reached for start in own for reached in led_to(start)]

    reached = at_bar(NOW - 1, look, [Signal.enter("A")])
    assert not [one for one in reached if isinstance(one, SECRET)]
    arrays = [one for one in reached if isinstance(one, np.ndarray)]
    assert len(arrays) >= 6
    for array in arrays:
        assert not array.flags.writeable
        assert not (array > 4000.0).any() or array.dtype == np.int64


@pytest.mark.parametrize("name", ["_past", "_view", "_memory", "_book"])
def test_the_short_ways_are_gone(name: str) -> None:
    assert not at_bar(2, lambda context: hasattr(context, name) or hasattr(context.bars(), name))


def test_no_method_of_a_context_names_its_strategy() -> None:
    """A bound method leads to its object by `__self__`; functions don't."""
    assert at_bar(2, lambda context: [hasattr(one, "__self__") for one in context._reach]) == [False] * 11


def test_bars_end_at_now_whatever_size_is_requested() -> None:
    def stretch(context: Any) -> tuple[int, float]:
        context._shown = {"A": len(BARS)}
        return len(context.bars()), float(context.bars().close.max())

    assert at_bar(2, stretch) == (3, 10.0)
    assert at_bar(2, lambda context: len(context._reach.bars("A", 99))) == 3


def test_symbols_of_others_are_not_there() -> None:
    def look(context: Any) -> object:
        context.symbols = ("A", "B")
        with pytest.raises(KeyError):
            context.bars("B")
        return True

    assert at_bar(2, look)


def test_reshaped_arrays_affect_no_other_strategy() -> None:
    seen: list[Any] = []

    def spoil(context: Any) -> Any:
        context.bars().close.base.dtype = np.int64
        context.bars()._columns = ()
        return ()

    run_harness(
        market_of(series("A", BARS)),
        {
            "a": Part(Scripted({2: spoil}), pct=50),
            "b": Part(Scripted({3: lambda context: seen.append(context.bars().close.tolist()) or ()}), pct=50),
        },
    )
    assert seen == [[10.0] * 4]
