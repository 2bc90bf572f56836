"""Random portfolios: no account stays below its maintenance, no opening breaks initial margin, jumps change nothing.

A few in the suite; ORCHESTRATE_PORTFOLIOS=1000 takes more.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest

from orchestrate.domain.events import AccountRuinedEvent, MarginCalledEvent
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.bars import Bars
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.plan import Sizing
from orchestrate.domain.strategies.protocols import Signals
from orchestrate.wiring import build_adapter
from tests.engines.builders import market_of, series
from tests.engines.conformance.in_memory import InMemoryAdapter
from tests.orchestration.harness import Flags, HarnessRun, Part, run_harness
from tests.orchestration.margin.plain_margin import Check

MANY = int(os.environ.get("ORCHESTRATE_PORTFOLIOS", "25"))
STEPS = 40


def a_market(chance: Random, *, foreign: bool = False) -> Market:
    """Two or three wild symbols, some with gaps between their bars or an early end, where `foreign` some in
    the currency of R.
    """
    kinds, all_series = {}, []
    for symbol in "ABC"[: chance.randint(2, 3)]:
        asset_class = chance.choice(["equity", "etf", "crypto", "bond", "future", "future", "fx", "cfd"])
        margined = asset_class in ("future", "fx", "cfd")
        kinds[symbol] = Instrument(
            symbol,
            multiplier=chance.choice([1.0, 1.0, 10.0]),
            margin_rate=chance.choice([0.05, 0.1, 0.5] if margined else [0.5, 1.0]),
            asset_class=asset_class,
            maintenance_rate=chance.choice([None, None, 0.04]),
            fx=chance.choice(["", "R"]) if foreign else "",
            lot=0.01 if asset_class == "crypto" else 0.0,
        )
        days = sorted(chance.sample(range(STEPS), STEPS - chance.choice([0, 0, 8])))
        close, bars = 50.0, []
        for _ in days:
            opened = max(1.0, round(close * chance.uniform(0.93, 1.08), 2))
            close = max(1.0, round(opened * chance.uniform(0.88, 1.13), 2))
            bars.append((opened, close))
        all_series.append(series(symbol, bars, days=days))
    if not foreign:
        return market_of(*all_series, **kinds)
    rates = [round(chance.uniform(0.7, 0.8) if step % 7 else chance.uniform(0.6, 0.9), 4) for step in range(STEPS)]
    return market_of(*all_series, series("R", [(9.0, rate) for rate in rates]), **kinds)


#: who fills the orders of the portfolio's strategies, in turn
ENGINES = (("in_memory",), ("backtrader",), ("nautilus",), ("backtrader", "nautilus"))


class Protected(Flags):
    """Entries with a bracket, whose exits rest."""

    def signals(self, bars: Bars) -> Signals:
        return replace(super().signals(bars), stop_loss=0.2, take_profit=0.3, trail_loss=0.25)


def with_costs(chance: Random, market: Market) -> Market:
    """The same with shorts that cost interest, and futures that are settled at their last bar."""
    instruments = {name: replace(one, borrow=chance.choice([0.0, 0.3])) for name, one in market.instruments.items()}
    futures = [name for name, one in instruments.items() if one.asset_class == "future"]
    lasts = {name: label_text(int(market.series[name].timestamp[-1]))[:10] for name in futures}
    return replace(market, instruments=instruments, settlements=lasts)


def some_parts(chance: Random, market: Market, engines: Sequence[str] = ("in_memory",)) -> dict[str, Part]:
    parts = {}
    for name in ("s", "t", "u")[: chance.randint(1, 3)]:
        flags = [sorted(chance.sample(range(STEPS), chance.randint(1, 6))) for _ in range(4)]
        symbols = tuple(chance.sample(sorted({*market.series} - {"R"}), chance.randint(1, 2)))
        percent = Decimal(chance.choice([60, 95, 300, 900]))
        strategy, engine = chance.choice([Flags, Protected])(*flags), engines[len(parts) % len(engines)]
        sizing = Sizing("percent", percent)
        parts[name] = Part(strategy, symbols=symbols, pct=30, sizing=sizing, framework=engine)
    return parts


def some_rules(chance: Random) -> ExecutionRules:
    return ExecutionRules(
        fill=chance.choice(["next_open", "close"]),
        commission=chance.choice([Commission(), Commission(percent=0.1), Commission(minimum=2.0)]),
        slippage=chance.choice([Slippage(), Slippage(percent=0.2)]),
        lots=chance.choice(["integer", "fractional"]),
    )


def run(seed: int, *, full: bool, costs: bool = False) -> tuple[Market, ExecutionRules, bool, HarnessRun]:
    chance = Random(seed)
    market, rules, pooled = a_market(chance, foreign=True), some_rules(chance), chance.random() < 0.4
    if costs:
        market = with_costs(Random(seed), market)
    parts = some_parts(chance, market, ENGINES[seed % len(ENGINES)])
    engines = dict.fromkeys(part.framework for part in parts.values())
    adapters = {name: InMemoryAdapter() if name == "in_memory" else build_adapter(name, {}) for name in engines}
    how = {"full": engines if full else (), "pooled": pooled, "capital": 100_000, "adapters": adapters}
    return market, rules, pooled, run_harness(market, parts, rules, **how)


@pytest.mark.parametrize("part", range(5))
def test_no_account_stays_below_maintenance_and_no_opening_breaks_margin(part: int) -> None:
    found = 0
    for seed in range(part, MANY, 5):
        market, rules, pooled, done = run(seed, full=False)
        found += Check(market, rules, done, pooled=pooled).run_through()
    assert found


@pytest.mark.parametrize("part", range(5))
def test_a_run_that_jumps_is_called_as_one_that_visits_every_bar(part: int) -> None:
    """With rates, interest on shorts, settlements, brackets that rest, on one engine and on two at once."""
    for seed in range(part, MANY, 5):
        (*_, jumped), (*_, dense) = run(seed, full=False, costs=True), run(seed, full=True, costs=True)
        assert jumped.orchestrator.fills == dense.orchestrator.fills
        for kind in (MarginCalledEvent, AccountRuinedEvent):
            assert jumped.of(kind) == dense.of(kind), seed
        for name, result in jumped.results.items():
            assert result.equity.tolist() == dense.results[name].equity.tolist()
            assert result.status == dense.results[name].status
