"""Which flags of a vectorised strategy were acted upon, and behind which rows the look-ahead check cuts history."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from itertools import zip_longest
from typing import Final

import numpy as np
import numpy.typing as npt

from orchestrate.domain.market.timeline import NEVER, BarSeries, Flags, Floats
from orchestrate.domain.results import DecisionRecord
from orchestrate.domain.strategies.protocols import Side
from orchestrate.orchestration.strategies.deciders import SIDES, WISHES, Codes

#: How many bars of each kind every check cuts behind, where there are as many.
MINIMUM: Final = 8
#: How many of the bars without an action can be cut behind.
IDLE: Final = 64

Rows = npt.NDArray[np.int64]
#: By side: the rows whose flag was acted upon, rising.
Acted = Mapping[str, Rows]


# ---- which flags were acted upon


def simulate_acted(codes: Codes, closed_at: Callable[[int, Side], int] | None = None) -> dict[str, Rows]:
    """Return the flags that a run without limits of capital acts upon: an entry when flat, an exit when in.

    `closed_at` returns the row of the bar in which the exits of an entry, flagged at a row, close it.
    """
    acted: dict[str, list[int]] = {side: [] for side in SIDES}
    held, closes = 0, NEVER
    rows = np.flatnonzero(codes)
    for row, code in zip(rows.tolist(), codes[rows].tolist(), strict=True):
        if row >= closes:
            held, closes = 0, NEVER
        for kind, side in WISHES[held][code]:
            if kind == "exit":
                acted["exit_long" if held > 0 else "exit_short"].append(row)
                held, closes = 0, NEVER
            else:
                acted[f"enter_{side}"].append(row)
                held = 1 if side == "long" else -1
                closes = NEVER if closed_at is None else closed_at(row, side)
    return {side: np.array(rows, dtype=np.int64) for side, rows in acted.items()}


def demanded(decisions: Iterable[DecisionRecord], rows: Mapping[str, Rows]) -> dict[tuple[str, str], dict[str, Rows]]:
    """Return by strategy and symbol the flags that became demands in a run; `rows`: a symbol's row at each step.

    The first decision with an order's id is that on the demand; later ones say what became of the order.
    """
    flags: dict[tuple[str, str], dict[str, list[int]]] = {}
    orders: set[str] = set()
    for record in decisions:
        demand = record.decision.demand
        if record.order_id in orders:
            continue
        if record.order_id:
            orders.add(record.order_id)
        if not demand.signalled or demand.native_order or demand.symbol not in rows:  # a structure has no rows
            continue
        buys = math.copysign(1.0, demand.quantity) > 0
        side = f"{'exit' if demand.closing else 'enter'}_{'long' if buys != demand.closing else 'short'}"
        sides = flags.setdefault((demand.strategy_id, demand.symbol), {name: [] for name in SIDES})
        sides[side].append(int(rows[demand.symbol][demand.step]))
    return {key: {side: np.array(at, dtype=np.int64) for side, at in one.items()} for key, one in flags.items()}


def no_action() -> dict[str, Rows]:
    """Return a strategy that acted upon nothing."""
    return {side: np.array([], dtype=np.int64) for side in SIDES}


# ---- where history is cut


def choose_rows(series: BarSeries, acted: Acted) -> tuple[list[int], list[int]]:
    """Return the rows behind which every check cuts, shortest history first, and those that follow while there is time.

    Of each side, in turn: the flag that was luckiest at the next bar, where a rare peek shows first, and one by chance,
    early ones more often because a short history costs less. Other bars show flags that a peek has taken away; the one
    before an action comes first there. Nothing is missing behind the last row.
    """
    size = len(series)
    luck = _luck(series.close, acted)
    generator = np.random.Generator(np.random.PCG64(0))
    sides = [acted[side][acted[side] < size - 1] for side in SIDES]
    ranked = [
        _in_turn(_luckiest(rows, gained), _by_chance(rows, generator))
        for rows, gained in zip(sides, luck[:-1], strict=True)
    ]
    ranked.append(_other_rows(size, acted, luck[-1], generator))
    always = {row for rows in ranked for row in rows[:MINIMUM]}
    return sorted(always), [row for row in _in_turn(*ranked) if row not in always]


def _luck(close: Floats, acted: Acted) -> tuple[Floats, ...]:
    """Return what acting at a row gained until the next one, by side; last, what not acting gained."""
    price = np.abs(close[:-1])
    move = np.divide(np.diff(close), price, out=np.zeros(len(price)), where=price > 0)
    held, changes = np.zeros(len(close)), np.zeros(len(close), dtype=np.int64)
    for side, after in (("exit_long", 0), ("exit_short", 0), ("enter_long", 1), ("enter_short", -1)):
        held[acted[side]], changes[acted[side]] = after, acted[side]
    held = held[np.maximum.accumulate(changes)][:-1]
    saved = [sign * move for side, sign in (("enter_long", -1), ("enter_short", 1)) if len(acted[side])]
    flat = np.maximum.reduce(saved) if saved else np.abs(move)
    return move, -move, -move, move, np.where(held == 0, flat, held * move)


def _other_rows(size: int, acted: Acted, luck: Floats, generator: np.random.Generator) -> list[int]:
    """Return bars without an action: those before one, the luckiest of all, and some by chance."""
    action = marked(acted.values(), size)
    before = np.flatnonzero(action[1:] & ~action[:-1])
    rows = np.flatnonzero(~action[:-1])
    lists = (_luckiest(before, luck), _luckiest(rows, luck, IDLE), _by_chance(rows, generator, IDLE))
    return _in_turn(*lists)[:IDLE]


def _luckiest(rows: Rows, gained: Floats, count: int | None = None) -> Rows:
    return _first(rows, -gained[rows], count)


def _by_chance(rows: Rows, generator: np.random.Generator, count: int | None = None) -> Rows:
    """Return rows in an order in which each comes first with a probability of 1 / the length of its history."""
    return _first(rows, generator.exponential(size=len(rows)) * (rows + 1), count)


def _first(rows: Rows, rank: Floats, count: int | None) -> Rows:
    """Return the `count` rows of the lowest rank (default: all), the lowest first."""
    if count is not None and count < len(rows):
        lowest = np.argpartition(rank, count)[:count]
        rows, rank = rows[lowest], rank[lowest]
    return rows[np.argsort(rank, kind="stable")]


def _in_turn(*lists: Rows | list[int]) -> list[int]:
    """Return one of each list after the other, each row once."""
    turns = zip_longest(*(np.asarray(rows).tolist() for rows in lists))
    return list(dict.fromkeys(row for turn in turns for row in turn if row is not None))


def marked(rows: Iterable[Rows], size: int) -> Flags:
    """Return True at each of `rows`."""
    mask = np.zeros(size, dtype=np.bool_)
    for some in rows:
        mask[some] = True
    return mask
