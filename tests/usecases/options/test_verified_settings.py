"""Runs verify under every setting of how options fill, are held and meet, on each engine and on both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrate.verification.facts import Run
from orchestrate.verification.verify import verify
from tests.usecases.options.runs import write
from tests.usecases.options.test_verification import ENGINES, known
from tests.verification.test_random_portfolios import with_change

STRATEGY = '''\
"""Opens a spread of calls, rolls it a week on, opens it again and closes it; holds a put and shares beside it."""

from orchestrate import Leg, Signal, cash_secured_put, vertical

FIRST, LATER = "2018-02-09", "2018-02-16"


class Busy:
    def __init__(self, limit=None, sells=False, shares=0):
        self.limit, self.sells, self.shares, self.bar = limit, sells, shares, -1

    def spread(self, chain, expiry):
        one, other = (chain.expiring(expiry).pick("call", strike=strike) for strike in (100, 105))
        return vertical(other, one, 3) if self.sells else vertical(one, other, 3)

    def on_bar(self, context):
        self.bar += 1
        chain, limit = context.chain("XO"), -self.limit if self.limit and self.sells else self.limit
        if self.bar == 0:
            yield Signal.structure(self.spread(chain, FIRST), tag="spread", limit=limit, tif="gtc")
            put = chain.expiring(FIRST).pick("put", strike=95)
            yield Signal.structure(cash_secured_put(put, 2), tag="put")
            if self.shares:
                yield Signal.structure([Leg("X", self.shares)], tag="shares")
        spreads = [one for one in context.structures if one.tag == "spread"]
        if self.bar == 3 and spreads:
            yield Signal.roll(spreads[0], to=self.spread(chain, LATER))
        if self.bar == 7 and spreads:
            yield Signal.close(spreads[0])
'''
DAYS = {f"2018-02-{day:02}": 94.0 + bar for bar, day in enumerate((1, 2, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16))}


def quotes() -> list[str]:
    """Quotes an odd number of cents wide, which move with the underlying."""
    rows = []
    for day, close in DAYS.items():
        for expiry in ("2018-02-09", "2018-02-16"):
            time = int(expiry[-2:]) - int(day[-2:])
            for strike in (95, 100, 105) if time >= 0 else ():
                for right, sign in (("call", 1), ("put", -1)):
                    bid = max(sign * (close - strike), 0) + 0.31 + 0.1 * time
                    rows.append(f"{day},{expiry},{strike},{right},{bid:.2f},{bid + 0.07:.2f}")
    return rows


#: What a run has beside the rest: sections of the file, and parameters of its strategies.
SETTINGS: dict[str, dict[str, Any]] = {
    "as is": {},
    "a cash account": {"capital": {"total": 200_000, "account": "cash"}},
    "pooled": {"capital": {"total": 200_000, "mode": "pooled"}},
    "the next quotes": {"options": {"quotes": "next"}},
    "a limit": {"config": {"limit": 1.2}},
    "a limit of next quotes": {"config": {"limit": 1.2}, "options": {"quotes": "next", "cross": 0.5}},
    "half of the spread": {"options": {"cross": 0.5}},
    "a quarter of the spread": {"options": {"cross": 0.25}},
    "the middle": {"options": {"cross": 0.0}},
    "fees of their own": {"options": {"per_contract": 0.65, "minimum": 1.5}},
    "fees of shares": {"execution": {"commission": {"per_share": 0.01, "minimum": 1}}},
    "at the close": {"execution": {"fill": "close", "slippage": {"percent": 0.1}}},
    "shares that cost to borrow": {"config": {"shares": -100}, "borrow": 0.05},
    "shares at the next quotes": {"config": {"shares": 100}, "options": {"quotes": "next"}, "slip": {"ticks": 2}},
    "older quotes": {"options": {"max_age": "3d"}},
    "early assignment": {"options": {"early_assignment": "deep"}},
}


def run_of(folder: Path, engines: tuple[str, ...], setting: dict[str, Any], **portfolio: Any) -> Run:
    """Run one strategy on each engine; the second one sells what the first one buys."""
    (folder / "busy.py").write_text(STRATEGY)
    options = setting.get("options", {})
    rules = setting.get("execution", {}) | ({"options": options} if options else {})
    rules |= {"slippage": setting["slip"]} if "slip" in setting else {}
    strategies = {
        f"s{place}": {
            "name": "busy.py:Busy",
            "framework": engine,
            "symbols": ["XO", "X"],
            "config": setting.get("config", {}) | {"sells": bool(place)},
            "allocation": 100 // len(engines),
        }
        for place, engine in enumerate(engines)
    }
    top: dict[str, Any] = {"capital": setting.get("capital", 200_000), "strategies": strategies}
    if rules:
        top["execution"] = rules
    if portfolio:
        top["portfolio"] = portfolio
    path = write(folder, DAYS, quotes(), [], **top)
    borrow = f"instruments:\n  X:\n    borrow: {setting.get('borrow', 0)}\n"
    path.write_text(path.read_text().replace("instruments:\n", borrow))
    return known(path)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting(tmp_path: Path, name: str, engine: str) -> None:
    run = run_of(tmp_path, (engine,), SETTINGS[name])
    assert verify(run).difference is None
    rows = {one["reason"]: row for row, one in enumerate(run.rows("fills"))}
    assert {"", "roll", "settlement"} <= {*rows}
    for row in rows.values():
        for column in ("price", "fee"):
            assert verify(with_change(run, "fills", column, row)).difference is not None, (row, column)


@pytest.mark.parametrize(
    ("engines", "policy"),
    [
        *((ENGINES, policy) for policy in ("independent", "first_wins", "priority", "cancel_both", "net_signal")),
        (ENGINES[:1] * 2, "net_signal"),
        (ENGINES[1:] * 2, "net_signal"),
    ],
)
def test_opposite_structures(tmp_path: Path, engines: tuple[str, ...], policy: str) -> None:
    """One strategy sells the spread that the other one buys."""
    run = run_of(tmp_path, engines, {}, conflicts=policy)
    assert verify(run).difference is None
    assert run.figures["conflicts"]["count"] > 0
