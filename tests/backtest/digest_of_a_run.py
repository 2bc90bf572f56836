"""Run a mixed portfolio and print the fingerprint of all that came of it; for a process with a hash seed of its own."""

from __future__ import annotations

from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from tests.backtest.plans import digest, part, plan_of, run_plan, synthetic

if __name__ == "__main__":
    parts = [
        part("turning", "Turning", "nautilus", weight="0.3", percent=100, window=4),
        part("dips", "Dips", "backtrader", weight="0.3", kind="istrategy", falls=1),
        part("spread", "Spread", "nautilus", weight="0.3", kind="on_bar"),
    ]
    data = {symbol: synthetic(symbol, 80, seed=seed, gaps=0.2) for seed, symbol in enumerate("XYZABC")}
    rules = ExecutionRules(commission=Commission(percent=0.1), slippage=Slippage(ticks=1), close_at_end=True)
    events: list[str] = []
    result = run_plan(plan_of(parts, data, rules), emit=lambda event: events.append(repr(event)))
    print(digest(result), len(result.fills), hash("spread") % 1000)
    print("\n".join(events))
