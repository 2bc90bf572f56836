"""Nautilus natives among portables and on two engines: one capital, books that agree with engines at every fill."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrate.domain.errors import EngineError
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.results import StrategyResult
from orchestrate.engines.backtrader.adapter import BacktraderOrchestrationAdapter
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from tests.natives.nautilus.builders import AT_CLOSE, NEXT_OPEN, Hosted, Part, drawn, market, play, wave
from tests.natives.nautilus.scripts import BracketCross, Pair, Planned, TimerRebalancer
from tests.orchestration.harness import Flags

#: long runs of what short tests cover
pytestmark = pytest.mark.uncounted


def twelve(bars: int) -> dict[str, Part]:
    """Six natives on Nautilus, and portables on both engines."""
    rounds = range(3, bars, 40), range(23, bars, 40)
    parts = {
        "cross": Part(BracketCross, {"trade_size": 40}, ("A",)),
        "cross_at_a_limit": Part(BracketCross, {"trade_size": 60, "entry": "LIMIT", "modify": True}, ("B",)),
        "slow": Part(BracketCross, {"fast": 10, "slow": 40, "distance": 3.0}, ("A",)),
        "greedy": Part(BracketCross, {"trade_size": 100_000}, ("C",)),
        "pair": Part(Pair, {"threshold": 0.05}, ("A", "B")),
        "timers": Part(TimerRebalancer, {}, ("C",)),
    }
    for number, framework in enumerate(("nautilus", "backtrader") * 3):
        symbol = "ABC"[number // 2]
        flags = Flags([each + number for each in rounds[0]], [each + number for each in rounds[1]])
        parts[f"portable_{number}"] = Part(flags, {}, (symbol,), framework=framework)
    for part in parts.values():
        part.pct = 8
    return parts


RULES = {"commission": Commission(percent=0.1, minimum=1.0), "slippage": Slippage(percent=0.05)}


@pytest.mark.slow
@pytest.mark.parametrize("fill", ["next_open", "close"])
def test_twelve_at_once_on_both_engines_over_ten_years(fill):
    stage = market(*(wave(symbol, 2520, seed=seed) for seed, symbol in enumerate("ABC", 1)))
    steps = 0

    def reconcile(orchestrator: CrossFrameworkOrchestrator, done: int) -> None:
        nonlocal steps
        steps = done
        for framework, names in orchestrator.framework_strategies.items():
            books = [orchestrator.strategies[name].book for name in names]
            state = orchestrator.adapters[framework].get_portfolio_state()
            for symbol in "ABC":
                held = sum(book.quantity(symbol) for book in books)
                assert state.quantities.get(symbol, 0.0) == held
            assert state.realised == pytest.approx(sum(book.realised for book in books), abs=1e-4)

    played = play(
        stage,
        twelve(2520),
        ExecutionRules(fill, **RULES),
        capital=1_000_000,
        others={"backtrader": BacktraderOrchestrationAdapter()},
        each_step=reconcile,
    )
    results = played.orchestrator.results()
    assert [name for name, result in results.items() if result.error] == []
    assert steps == 2520
    assert all(len(result.trades) > 5 for result in results.values())
    assert results["greedy"].resized > 5
    assert len(played.orchestrator.fills) > 1000


def alone_and_together(rules: ExecutionRules) -> Iterator[tuple[StrategyResult, StrategyResult]]:
    stage = market(*(wave(symbol, 500, seed=seed) for seed, symbol in enumerate("ABC", 1)))
    parts = twelve(500)
    others = {"backtrader": BacktraderOrchestrationAdapter()}
    together = play(stage, parts, rules, capital=1_000_000, others=others)
    for name in ("cross", "slow", "greedy", "pair", "timers"):
        part = parts[name]
        part.pct = 100
        alone = play(stage, {name: part}, rules, capital=80_000)
        yield alone.orchestrator.results()[name], together.orchestrator.results()[name]


@pytest.mark.parametrize("rules", [NEXT_OPEN, AT_CLOSE], ids=["next_open", "close"])
def test_each_trades_in_company_as_it_does_alone_with_the_same_money(rules):
    compared = 0
    for alone, together in alone_and_together(rules):
        assert alone.trades == together.trades
        assert alone.equity.tolist() == together.equity.tolist()
        compared += len(alone.trades)
    assert compared > 100


def test_a_symbol_whose_bars_come_later_and_end_earlier():
    def plan() -> dict[Any, Any]:
        return {0: lambda one, _: one.market(10), 5: lambda one, _: one.limit(10, 1.0)}

    whole = wave("A", 60)
    part = wave("B", 60, seed=9)
    short = replace(
        part,
        **{
            name: getattr(part, name)[20:40].copy()
            for name in ("timestamp", "open", "high", "low", "close", "volume", "available_at")
        },
    )
    Planned.plans.update(a=plan(), b=plan())
    parts = {"a": Part(Planned, {"tag": "a"}, ("A",), 50), "b": Part(Planned, {"tag": "b"}, ("B",), 50)}
    played = play(market(whole, short), parts)
    assert (played.error("a"), played.error("b")) == ("", "")
    assert [step for step, *_ in played.trades("a")] == [1]
    assert [step for step, *_ in played.trades("b")] == [21]
    assert ("rejected", "series_ended", 0.0) in played.reasons("b")
    assert ("rejected", "unfilled_at_end", 0.0) in played.reasons("a")


def test_everything_is_closed_at_the_end_where_that_is_wanted():
    Planned.plans["default"] = {2: lambda one, _: one.bracket(10, target=1000.0, stop=1.0)}
    played = play(market(wave(bars=20)), {"native": Part(Planned)}, ExecutionRules(close_at_end=True))
    assert played.error() == ""
    assert [(step, quantity) for step, _, quantity, _ in played.trades()] == [(3, 10.0), (19, -10.0)]


def test_what_nautilus_cannot_hold_is_an_engine_error_that_leaves_nothing_behind():
    Planned.plans.update(a={}, b={})
    parts = {"a": Part(Planned, {"tag": "a"}, ("A",), 50), "b": Part(Planned, {"tag": "b"}, ("B",), 50)}
    stage = market(wave("A", 10), wave("B", 10), B=Instrument("B", multiplier=1e30))
    with pytest.raises(EngineError, match="B: nautilus can't hold this instrument"):
        play(stage, parts)
    assert Planned.notices["a"] == ["stop"]
    assert play(market(wave("A", 10)), {"a": parts["a"]}).error("a") == ""


def digest(played: Hosted) -> str:
    text = repr([played.trades(name) for name in played.orchestrator.strategies])
    return hashlib.sha256(text.encode()).hexdigest()


def exits_at_once() -> list[str]:
    """Close a position that twelve exits hang on, whose orders end at one moment; return the decisions in order."""
    Planned.plans["exits"] = {
        number: lambda one, _, target=12.0 + number: [one.bracket(5, target=target, stop=8.0) for _ in range(3)]
        for number in (0, 1)
    } | {4: lambda one, _: one.close_all_positions(one.config.instrument_id)}
    played = play(market(drawn("A", [(10.0, 10.5, 9.5, 10.0)] * 8)), {"native": Part(Planned, {"tag": "exits"})})
    return [f"{each.order_id} {each.decision.reason}" for each in played.orchestrator.session.log.decisions]


def printed(code: str, seed: str) -> str:
    """What the code prints in a process of its own with that hash seed."""
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(root), "PATH": ""},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


SCRIPT = """
from tests.natives.nautilus.test_company import digest, exits_at_once, twelve
from tests.natives.nautilus.builders import market, play, wave
from orchestrate.engines.backtrader.adapter import BacktraderOrchestrationAdapter
stage = market(*(wave(symbol, 200, seed=seed) for seed, symbol in enumerate("ABC", 1)))
print(digest(play(stage, twelve(200), capital=1_000_000, others={"backtrader": BacktraderOrchestrationAdapter()})))
print(exits_at_once())
"""


@pytest.mark.slow
def test_hash_seeds_change_neither_trades_nor_the_order_of_decisions():
    both = {printed(SCRIPT, seed) for seed in ("0", "1", "12345")}
    (trades, decisions) = both.pop().splitlines()
    assert not both
    assert len(trades) == 64
    assert decisions == str(exits_at_once())


def test_orders_that_end_at_one_moment_do_so_as_they_were_demanded():
    ended = [text.split()[0] for text in exits_at_once() if text.endswith(" cancelled")]
    assert len(ended) == 12
    assert ended == sorted(ended, key=lambda order_id: int(order_id.rpartition("-")[2]))
