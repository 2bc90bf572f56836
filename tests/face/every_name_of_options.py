"""A user's script that needs every public name of options; read and run as `every_name_of_runs.py` is."""
# pyright: strict

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import assert_type

from orchestrate import (
    ChainView,
    Context,
    HeldStructure,
    Leg,
    OptionContract,
    Signal,
    Structure,
    butterfly,
    calendar,
    cash_secured_put,
    collar,
    covered_call,
    iron_butterfly,
    iron_condor,
    run,
    straddle,
    strangle,
    vertical,
)

PORTFOLIO = """
capital: 100000
data:
  WAVE: {synthetic: {bars: 40, seed: 7}}
  WAVES: {synthetic: {underlying: WAVE}}
strategies:
  writer: {name: every_name_of_options.py:Writer, framework: backtrader, allocation: 100, symbols: [WAVES]}
"""


class Writer:
    """Sells a strangle with wings, and closes it when half of its credit is earned."""

    def on_bar(self, context: Context) -> Iterator[Signal]:
        for held in context.structures:
            assert_type(held, HeldStructure)
            if held.share_of_profit is not None and held.share_of_profit > 0.5:
                yield Signal.close(held)
        if context.structures:
            return
        chain = context.chain("WAVES").nearest(days=30)
        assert_type(chain, ChainView)
        put, call = chain.pick("put", delta=0.25), chain.pick("call", delta=0.25)
        if put is None or call is None:
            return
        wings = [chain.pick(one.right, width_from=one, width=5) for one in (put, call)]
        if wings[0] is not None and wings[1] is not None:
            yield Signal.structure(iron_condor(wings[0], put, call, wings[1]), tag="wings")


def contract(right: str, strike: float, day: str = "2024-06-21") -> OptionContract:
    """What no chain says; the instant of its expiry is of no concern here."""
    expiry = 1 if day == "2024-06-21" else 2
    return OptionContract("WAVES", "WAVE", "call" if right == "call" else "put", strike, expiry, day)


def by_name() -> list[Structure]:
    """One of each."""
    puts = {strike: contract("put", strike) for strike in (80.0, 90.0, 100.0)}
    calls = {strike: contract("call", strike) for strike in (100.0, 110.0, 120.0)}
    return [
        vertical(calls[100.0], calls[110.0]),
        iron_condor(puts[80.0], puts[90.0], calls[110.0], calls[120.0]),
        iron_butterfly(puts[90.0], puts[100.0], calls[100.0], calls[110.0]),
        butterfly(calls[100.0], calls[110.0], calls[120.0]),
        strangle(puts[90.0], calls[110.0], sold=True),
        straddle(puts[100.0], calls[100.0]),
        calendar(calls[100.0], contract("call", 100.0, "2024-09-20")),
        covered_call(calls[110.0]),
        cash_secured_put(puts[90.0]),
        collar(puts[90.0], calls[110.0]),
    ]


def main() -> int:
    own = Structure((Leg(contract("put", 90.0), -2), Leg("WAVE", -100)))
    assert all(structure.underlying == "WAVE" for structure in (own, *by_name()))
    with tempfile.TemporaryDirectory() as folder:
        code = Path(__file__).read_text(encoding="utf-8")
        Path(folder, Path(__file__).name).write_text(code, encoding="utf-8")
        path = Path(folder, "portfolio.yaml")
        path.write_text(PORTFOLIO, encoding="utf-8")
        result = run(path, reports=Path(folder, "reports"), logging__path=str(Path(folder, "log.jsonl")))
        assert len(result.trades) >= 4
    return 0


if __name__ == "__main__":
    sys.exit(main())
