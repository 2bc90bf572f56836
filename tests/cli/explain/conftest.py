"""The runs that `explain` explains.
The market of the golden runs, orders fill at the next open, 1.00 an order, slippage 1 tick of 0.01:

    bar     0    1    2    3    4    5    6    7    8    9
    open   10   11   12   13   14   13   12   11   10    9
    close  10.5 11.5 12.5 13.5 13.5 12.5 11.5 10.5 9.5  8.5
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest

OPENS = [10, 11, 12, 13, 14, 13, 12, 11, 10, 9]
CLOSES = [10.5, 11.5, 12.5, 13.5, 13.5, 12.5, 11.5, 10.5, 9.5, 8.5]
DAYS = [(date(2024, 1, 1) + timedelta(days=bar)).isoformat() for bar in range(10)]
PLANNED = '''\
"""Strategies that trade at the bars that they are given."""

from orchestrate import Signal


class Planned:
    def __init__(self, enter: int = 1, leave: int = 99, quantity: float = 0.0, breaks: int = 99) -> None:
        self.enter, self.leave, self.quantity, self.breaks = enter, leave, quantity or None, breaks
        self.bar = -1

    def on_bar(self, context):
        self.bar += 1
        if self.bar == self.breaks:
            raise RuntimeError("enough")
        if self.bar == self.enter:
            yield Signal.enter("A", quantity=self.quantity)
        if self.bar == self.leave:
            yield Signal.exit("A")
'''
GOLDEN = """\
capital: 40000
data: {{A: {{path: a.csv}}}}
strategies:
  whole: {{name: "planned.py:Planned", framework: {0}, allocation: 25, sizing: {{method: percent, percent: 100}},
          config: {{leave: 4}}}}
  greedy: {{name: "planned.py:Planned", framework: {1}, allocation: 25, config: {{quantity: 2000.0, breaks: 6}}}}
  poor: {{name: "planned.py:Planned", framework: {0}, allocation: 0.025, config: {{enter: 5, quantity: 3.0}}}}
  late: {{name: "planned.py:Planned", framework: {1}, allocation: 25, config: {{enter: 9, quantity: 5.0}}}}
execution: {{commission: {{per_share: 0.0, minimum: 1.0}}, slippage: {{ticks: 1}}}}
"""
MIXES = [("backtrader", "backtrader"), ("nautilus", "nautilus"), ("backtrader", "nautilus")]


@pytest.fixture
def golden(prompt):
    """Run the golden portfolio on two engines, or one; its prompt."""
    rows = [
        f"{day},{start},{max(start, end)},{min(start, end)},{end},1000"
        for day, start, end in zip(DAYS, OPENS, CLOSES, strict=True)
    ]
    prompt.write("a.csv", "\n".join(["timestamp,open,high,low,close,volume", *rows]) + "\n")
    prompt.write("planned.py", PLANNED)

    def run(frameworks=MIXES[0], *, code=1, **changes):
        prompt.write("golden.yaml", GOLDEN.format(*frameworks))
        words = [word for name, value in changes.items() for word in ("--set", f"{name}={value}")]
        done = prompt("backtest", "golden.yaml", "-q", *words)
        assert done.code == code, done.err  # `greedy` breaks
        return prompt

    return run
