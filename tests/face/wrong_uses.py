"""Faults that type checkers must report, one on each line that says so."""
# pyright: strict

from decimal import Decimal

import orchestrate
from orchestrate import BacktestResult, Bars, IStrategy, Nonsense, Signal, Signals, run_backtest  # noqa: F401  # fault


class Half:
    """Half a strategy: it never leaves."""

    def should_enter(self, bars: Bars) -> bool:
        return len(bars) > 1


def faults(bars: Bars, result: BacktestResult) -> None:
    Signal("entree", "A")  # fault
    Signal.enter("A", "up")  # fault
    Signals(enter_long=bars.close > 1)  # fault
    strategy: IStrategy = Half()  # fault
    run_backtest(strategy, 1)  # fault
    equity: Decimal = result.final_equity  # fault
    bars.symbol = equity  # fault
    result.status = "completed"  # fault
    orchestrate.nonsense  # noqa: B018  # fault
