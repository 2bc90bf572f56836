"""The cost of an order from the strategy's flag to the booked fill, and of orders that rest in an engine."""

from __future__ import annotations

from collections import Counter

import pytest

from bench.goals import BRACKETS, Ledger
from bench.interleave import interleave
from bench.parts import sampled
from bench.races import OURS
from bench.scenes.brackets import EVERY, FAR, LONG, NEAR, SHORT, Paced, lying, market_exits, minutes, run
from bench.scenes.scene import Scene

SCENE = Scene(20_000, 1, 5, 60)
BARS = 500_000
ENGINES = {"Backtrader": "backtrader", "Nautilus": "nautilus"}


@pytest.mark.timeout(600)
def test_an_order(ledger: Ledger) -> None:
    lines = [f"{SCENE}; microseconds of the loop for each of its orders"]
    for name in ("Backtrader", "Nautilus"):
        race = OURS[name]
        seconds = min(race(SCENE).seconds for _ in range(3))
        orders = sum(map(len, race(SCENE).fills))
        shares = sampled(lambda around, race=race: race(SCENE, around=around), 4.0)
        each = seconds / orders * 1e6
        folders: Counter[str] = Counter()
        for part, share in shares.items():
            folders[part.split("/")[0] if "/" in part else part] += share * each
        by_folder = ", ".join(f"{folder} {microseconds:.1f}" for folder, microseconds in folders.most_common())
        lines.append(f"  {name}: {each:.1f} for each of {orders:,}: {by_folder}")
        lines += [f"    {share * each:5.1f}  {part}" for part, share in shares.items() if share >= 0.03]
    ledger.report("an order", *lines)


@pytest.mark.timeout(1800)
def test_brackets(ledger: Ledger) -> None:
    market = minutes(BARS)
    lines = []
    for name, framework in ENGINES.items():
        by_market = market_exits(market, framework)
        contestants = {
            "brackets": lambda framework=framework: run(market, [Paced(EVERY, figures=NEAR)], framework),
            "market exits": lambda framework=framework, other=by_market: run(market, [other], framework),
        }
        taken = interleave(contestants, 3, lambda done: done[0], patience=120.0)
        fills = {len(one.last[1].fills) for one in taken.values() if one.last}
        assert len(fills) == 1
        ratio = taken["brackets"].middle / taken["market exits"].middle
        lines += [f"{name}, {one}: {each.middle:.2f} s CPU" for one, each in taken.items()]
        lines.append(f"{name}: {ratio:.2f} × with {fills.pop():,} fills")
        ledger.reached(BRACKETS, f"{name}, brackets / market exits", ratio)
    ledger.report(f"brackets: an entry every {EVERY} of {BARS:,} minutes", *lines)


@pytest.mark.timeout(1800)
def test_an_order_that_rests_for_long(ledger: Ledger) -> None:
    """The time of an order that rests for 10,000 bars, from its placing to its end, beside positions held as long."""
    market = minutes(BARS)
    lines = []
    for name, framework in ENGINES.items():
        contestants = {
            (bars, rests): lambda bars=bars, rests=rests, framework=framework: run(
                market, lying(bars, FAR if rests else None), framework
            )
            for bars in (LONG - 1, SHORT)
            for rests in (True, False)
        }
        names = {f"{bars} {rests}": contestant for (bars, rests), contestant in contestants.items()}
        taken = interleave(names, 7, lambda done: done[0], patience=120.0)
        least = {one: min(each.seconds) * 1e6 for one, each in taken.items()}
        orders = 10 * (BARS // (LONG + 100))
        whole = {bars: (least[f"{bars} True"] - least[f"{bars} False"]) / orders for bars in (LONG - 1, SHORT)}
        lines.append(f"{name}: {whole[LONG - 1]:.0f} µs from its placing to its end, {whole[SHORT]:.0f} for 30 bars")
        ledger.reached(BRACKETS, f"{name}, an order that rests for 10,000 bars", whole[LONG - 1])
    ledger.report("brackets: an order that no bar reaches", *lines)
