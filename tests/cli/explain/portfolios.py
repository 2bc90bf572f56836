"""Small portfolios under each policy, limit and rule, on both engines: what `explain` has to answer for.

Four symbols of 12 daily bars that open, stay and close at one price; everything costs 10 unless a case says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Final

SYMBOLS: Final = ("SAME", "TWO", "EXIT", "FLIP")
BARS: Final = 12
DAYS: Final = [(date(2024, 1, 1) + timedelta(days=bar)).isoformat() for bar in range(BARS)]
PLANNED: Final = '''\
"""A strategy that trades as it is planned, and policies."""

from orchestrate import Signal


class Planned:
    """`plan`: "0 SAME 100, 4 SAME out" buys 100 at the close of bar 0 and sells them at that of bar 4."""

    def __init__(self, plan: str = "") -> None:
        self.plan, self.bar = [entry.split() for entry in plan.split(",") if entry], -1

    def on_bar(self, context):
        self.bar += 1
        for bar, symbol, what in self.plan:
            if int(bar) == self.bar:
                yield Signal.exit(symbol) if what == "out" else entry(symbol, float(what))


def entry(symbol, quantity):
    return Signal.enter(symbol, "short" if quantity < 0 else "long", quantity=abs(quantity))


def halves(demands, view):
    return [demand.quantity / 2 for demand in demands]
'''
#: One side, two sides, an exit among entries, a flip against an entry, exits of all.
SCRIPT: Final = {
    "slow": "0 EXIT 40, 1 SAME 50, 1 TWO 50, 3 EXIT out, 3 FLIP 60, 6 SAME out, 6 TWO out, 6 FLIP out",
    "fast": "0 FLIP 30, 1 SAME 30, 1 TWO -30, 3 EXIT 30, 3 FLIP out, 3 FLIP -50, 6 SAME out, 6 TWO out, 6 EXIT out",
    "odd": "1 SAME 25, 1 TWO -10, 3 EXIT 20, 6 SAME out, 6 TWO out, 6 EXIT out",
}
POLICIES: Final = (
    *("independent", "first_wins", "priority", "cancel_both", "net_signal", "weighted_average", "planned.py:halves"),
)


def strategy(name: str, framework: str, share: float, plan: str, more: str = "") -> str:
    return f'  {name}: {{name: "planned.py:Planned", framework: {framework}, allocation: {share}{more}, config: {{plan: "{plan}"}}}}\n'  # noqa: E501


def portfolio(strategies: Sequence[str], rules: str, capital: str = "100000") -> str:
    data = ", ".join(f"{symbol}: {{path: {symbol}.csv}}" for symbol in SYMBOLS)
    return f"capital: {capital}\ndata: {{{data}}}\nstrategies:\n{''.join(strategies)}portfolio:\n{rules}"


def scripted(policy: str, exits: str) -> str:
    """The script under a policy, with weights of 50, 30 and 20 %, priorities of 2, 1 and 3, on both engines."""
    strategies = [
        strategy("slow", "backtrader", 50, SCRIPT["slow"], ", priority: 2"),
        strategy("fast", "nautilus", 30, SCRIPT["fast"], ", priority: 1"),
        strategy("odd", "backtrader", 20, SCRIPT["odd"], ", priority: 3"),
    ]
    return portfolio(strategies, f"  conflicts: {policy}\n  exits: {exits}\n")


def limited() -> str:
    """Each limit of a strategy in one run: SAME falls from 10 to 8 at bar 4."""
    full, tries = "0 SAME 900, 5 TWO 10", "0 SAME 1000, 4 SAME out, 5 TWO 10, 9 TWO 10"
    strategies = [
        strategy("position", "backtrader", 10, "0 SAME 1000, 1 SAME 10", ", limits: {max_position_pct: 40}"),
        strategy("places", "nautilus", 10, "0 SAME 10, 1 TWO 10", ", limits: {max_positions: 1}"),
        strategy("levered", "backtrader", 10, "0 SAME 400, 1 TWO 400", ", limits: {max_leverage: 0.5}"),
        strategy("daily", "nautilus", 10, "0 SAME 900, 4 TWO 10, 5 TWO 10", ", limits: {max_daily_loss: 0.05}"),
        strategy("flattened", "backtrader", 10, full, ", limits: {max_drawdown: 0.1}"),
        strategy("paused", "nautilus", 10, full, ", limits: {max_drawdown: {at: 0.1, action: pause}}"),
        strategy("cool", "backtrader", 10, tries, ", limits: {cooldown: 3}"),
    ]
    return portfolio(strategies, "  conflicts: independent\n")


def limited_as_a_whole(limits: str) -> str:
    strategies = [
        strategy("one", "backtrader", 50, "0 SAME 3000, 1 TWO 1000, 4 EXIT 10, 5 EXIT 10"),
        strategy("other", "nautilus", 50, "0 SAME 3000, 1 TWO -1000, 4 EXIT 10, 5 EXIT 10"),
    ]
    return portfolio(strategies, f"  limits: {{{limits}}}\n")


def rebalanced(rules: str, capital: str = "100000") -> str:
    """SAME falls from 10 to 8 at bar 4: `one` is worth 48,000 of 88,000 with a target of 60 %."""
    plans = strategy("one", "backtrader", 60, "0 SAME 6000"), strategy("other", "nautilus", 40, "0 TWO 3000")
    return portfolio(plans, rules, capital)


def pooled() -> str:
    """TWO rises to 22.5 at bar 2, so that 60,000 of 150,000 are left, for two that want 90,000 each."""
    strategies = [
        strategy("a", "backtrader", 40, "2 EXIT 9000"),
        strategy("b", "nautilus", 20, "2 EXIT 9000"),
        strategy("c", "backtrader", 40, "0 FLIP 4000"),
    ]
    return portfolio(strategies, "  conflicts: independent\n", "{total: 100000, mode: pooled}")


def scheduled() -> str:
    """One is paused and resumed, two are removed, one of them with its position, one is added."""
    strategies = [
        strategy("rests", "backtrader", 25, "0 SAME 10, 3 TWO 10, 3 SAME out, 6 TWO 10"),
        strategy("leaves", "nautilus", 25, "0 SAME 10"),
        strategy("hands_over", "backtrader", 25, "0 SAME 10"),
        strategy("comes", "nautilus", 25, "2 TWO 10"),
    ]
    return portfolio(
        strategies,
        f"""\
  schedule:
    - {{at: {DAYS[2]}, pause: rests}}
    - {{at: {DAYS[5]}, resume: rests}}
    - {{at: {DAYS[5]}, remove: leaves}}
    - {{at: {DAYS[6]}, remove: hands_over, positions: keep}}
    - {{at: {DAYS[7]}, add: comes}}
""",
    )


CASES: Final = {
    **{f"conflicts-{policy.rpartition(':')[2]}": scripted(policy, "protected") for policy in POLICIES},
    "conflicts-exits-included": scripted("net_signal", "included"),
    "limits-of-strategies": limited(),
    "max_symbol_pct": limited_as_a_whole("max_symbol_pct: 45"),
    "max_framework_pct": limited_as_a_whole("max_framework_pct: 35"),
    "max_gross_leverage": limited_as_a_whole("max_gross_leverage: 0.65"),
    "max_net_leverage": limited_as_a_whole("max_net_leverage: 0.65"),
    "max_daily_loss": limited_as_a_whole("max_daily_loss: 0.05"),
    "max_drawdown-flatten": limited_as_a_whole("max_drawdown: 0.1"),
    "max_drawdown-pause": limited_as_a_whole("max_drawdown: {at: 0.1, action: pause}"),
    "max_drawdown-stop": limited_as_a_whole("max_drawdown: {at: 0.1, action: stop}"),
    "rebalanced-by-threshold": rebalanced("  rebalance: {threshold: 0.05}\n"),
    "rebalanced-by-week": rebalanced("  rebalance: {every: week}\n"),
    "rebalanced-by-schedule": rebalanced(f"  schedule: [{{at: {DAYS[6]}, allocation: {{one: 40, other: 60}}}}]\n"),
    "rebalanced-pooled": rebalanced("  rebalance: {threshold: 0.05}\n", "{total: 100000, mode: pooled}"),
    "pooled": pooled(),
    "scheduled": scheduled(),
}
#: By case, the closes of symbols that move.
CLOSES: Final = {"pooled": {"FLIP": [10.0] * 2 + [22.5] * 10}}
FALLING: Final = {"SAME": [10.0] * 4 + [8.0] * 8}


def write_files(case: str, write: Callable[[str, str], object]) -> None:
    """Write the strategies and the bars of a case; `write` gets a name and a text."""
    write("planned.py", PLANNED)
    moves = {} if case.startswith("conflicts") else CLOSES.get(case, FALLING)
    for symbol in SYMBOLS:
        closes = moves.get(symbol, [10.0] * BARS)
        rows = [f"{day},{price},{price},{price},{price},1000" for day, price in zip(DAYS, closes, strict=True)]
        write(f"{symbol}.csv", "\n".join(["timestamp,open,high,low,close,volume", *rows]) + "\n")
