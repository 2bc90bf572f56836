"""Three strategies, four symbols with a scene each, ten bars: what each strategy says, small enough to check by hand.

In the order of the file, with weight and priority; orders fill at the next open, and everything costs 10:

    bar  symbol  scene             slow 50 %, 2   fast 30 %, 1        odd 20 %, 3
    0    EXIT                      buys 40
    0    FLIP                                     buys 30
    1    SAME    one side          buys 50        buys 30             buys 25
    1    TWO     two sides         buys 50        sells 30            sells 10
    3    EXIT    exit and entries  exits          buys 30             buys 20
    3    FLIP    a flip, an entry  buys 60        exits, sells 50
    6    all     exits             exits          exits               exits
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from orchestrate.domain.events import DomainEvent, OrderFilledEvent, StrategySignalledEvent
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.orders.conflicts import Exits, Settle
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.orchestration.orders.ports import OrchestrationPort
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.runs.journal_format import LINES
from tests.engines.builders import market_of, series
from tests.orchestration.harness import HarnessRun, Part, Scripted, run_harness

SYMBOLS = ("SAME", "TWO", "EXIT", "FLIP")
BARS = [(10.0, 10.0)] * 10


def buy(symbol: str, quantity: float) -> Signal:
    return Signal.enter(symbol, "long", quantity=quantity)


def sell(symbol: str, quantity: float) -> Signal:
    return Signal.enter(symbol, "short", quantity=quantity)


EXITS = [Signal.exit(symbol) for symbol in SYMBOLS]
PLANS: Mapping[str, Mapping[int, Sequence[Signal]]] = {
    "slow": {
        0: [buy("EXIT", 40)],
        1: [buy("SAME", 50), buy("TWO", 50)],
        3: [Signal.exit("EXIT"), buy("FLIP", 60)],
        6: EXITS,
    },
    "fast": {
        0: [buy("FLIP", 30)],
        1: [buy("SAME", 30), sell("TWO", 30)],
        3: [buy("EXIT", 30), Signal.exit("FLIP"), sell("FLIP", 50)],
        6: EXITS,
    },
    "odd": {1: [buy("SAME", 25), sell("TWO", 10)], 3: [buy("EXIT", 20)], 6: EXITS},
}
SHARES = {"slow": (50, 2), "fast": (30, 1), "odd": (20, 3)}


def act(
    policy: Settle,
    exits: Exits,
    adapters: Mapping[str, Callable[[], OrchestrationPort]],
    frameworks: Sequence[str],
) -> HarnessRun:
    """Run the script; the strategies stand on `frameworks`, in the order of the file."""
    parts = {
        name: Part(Scripted(plan), SYMBOLS, pct=SHARES[name][0], priority=SHARES[name][1], framework=framework)
        for (name, plan), framework in zip(PLANS.items(), frameworks, strict=True)
    }
    stage = market_of(*(series(symbol, BARS) for symbol in SYMBOLS))
    engines = {name: adapters[name]() for name in dict.fromkeys(frameworks)}
    return run_harness(stage, parts, adapters=engines, coordinator=StrategyCoordinator(policy, exits=exits))


def journal(events: Sequence[DomainEvent]) -> str:
    """The journal without signals and the keys that every line has; fills as `# date strategy symbol quantity`."""
    lines: list[str] = []
    fills: list[str] = []
    for event in events:
        if isinstance(event, OrderFilledEvent):
            fill = event.fill
            fills.append(f"# {label_text(fill.t)} {fill.strategy_id} {fill.symbol} {fill.quantity:+g}")
        elif type(event) in LINES and not isinstance(event, StrategySignalledEvent):
            line = LINES[type(event)](event)
            if line is not None:
                lines += sorted(fills)  # engines fill one after another
                fills.clear()
                lines.append(json.dumps({"event": line.event, **line.facts}, separators=(",", ":")))
    return "\n".join([*lines, *sorted(fills)]) + "\n"
