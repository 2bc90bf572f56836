"""American options on trees of prices (Cox, Ross, Rubinstein; smoothed as by Broadie and Detemple, 1996).

What is never exercised before its expiry is priced by the formula of European options. Cash dividends are taken from
the underlying: what is left moves on the tree, what is still to be paid is added wherever exercise is considered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from orchestrate.analytics.options import european
from orchestrate.analytics.options.columns import DAYS, NO_DIVIDENDS, Dividends, Options, Rows, Valuation
from orchestrate.analytics.options.implied import SOLVED, ImpliedVolatility, reasons, solved
from orchestrate.analytics.options.roots import roots
from orchestrate.domain.market.timeline import Flags, Floats

#: The steps of the coarser tree.
_STEPS: Final = 50
#: So many options at a time stay in the cache of a processor.
_BLOCK: Final = 256
#: By how much a volatility is changed for vega.
_BUMP: Final = 0.01
#: A move that is as good as none.
_NARROWEST: Final = 1e-7
#: The logarithm of the widest move until the expiry.
_WIDEST: Final = 600.0
#: The volatilities between which one is looked for, and how closely.
_LEAST, _MOST, _PRECISION = 1e-3, 10.0, 1e-7
#: So often a premium is looked at again.
_TURNS: Final = 5
#: How much higher than as a European option, which trees price only nearly.
_MARGIN: Final = 1.1


def prices(options: Options, volatility: npt.ArrayLike, dividends: Dividends = NO_DIVIDENDS) -> Floats:
    """Return the price of each option."""
    given = np.broadcast_to(np.asarray(volatility, dtype=np.float64), len(options))
    price = european.prices(options, given, dividends)
    for rows in _blocks(options, price, dividends):
        price[rows] = _Tree.of(options[rows], given[rows], dividends).price
    return price


def greeks(options: Options, volatility: npt.ArrayLike, dividends: Dividends = NO_DIVIDENDS) -> Valuation:
    """Return the price of each option and how it changes."""
    given = np.broadcast_to(np.asarray(volatility, dtype=np.float64), len(options))
    answer = european.greeks(options, given, dividends)
    for rows in _blocks(options, answer.price, dividends):
        answer = answer.put(rows, _greeks_of_block(options[rows], given[rows], dividends))
    return answer


def implied_volatility(
    options: Options, price: npt.ArrayLike, dividends: Dividends = NO_DIVIDENDS
) -> ImpliedVolatility:
    """Return the volatility of each option at its price.

    That of an option which may be exercised early lies below the one that it has as a European option, and is looked
    for between 0.1 % and 1,000 %.
    """
    given = np.broadcast_to(np.asarray(price, dtype=np.float64), len(options))
    answer = european.implied_volatility(options, given, dividends)
    early = is_early(options, dividends)
    most = np.where(options.is_call, options.spot, options.strike)
    noise = _PRECISION * most
    reason = np.where(
        early, reasons(options, given, given - options.exercised <= noise, most - given <= noise), answer.reason
    )
    rows = np.flatnonzero(early & (reason == SOLVED))
    volatility = np.where(early, np.nan, answer.volatility)
    volatility[rows] = _by_premium(options[rows], given[rows], answer.volatility[rows], dividends)
    rows = rows[np.isnan(volatility[rows])]
    volatility[rows] = _by_search(options[rows], given[rows], answer.volatility[rows], dividends)
    return solved(volatility, reason)


def _by_premium(options: Options, price: Floats, volatility: Floats, dividends: Dividends) -> Floats:
    """Return the volatility of each price without its premium for early exercise, which hardly depends on it.

    NaN where one and the other don't settle soon, as deep in the money.
    """
    answer, rows = np.full(len(options), np.nan), np.flatnonzero(np.isfinite(volatility))
    for _ in range(_TURNS):
        some, before = options[rows], volatility[rows]
        premium = prices(some, before, dividends) - european.prices(some, before, dividends)
        after = european.implied_volatility(some, price[rows] - premium, dividends).volatility
        is_settled = np.abs(after - before) <= _PRECISION * after
        answer[rows[is_settled]] = after[is_settled]
        volatility[rows] = after
        rows = rows[np.isfinite(after) & ~is_settled]
    return answer


def _by_search(options: Options, price: Floats, european_volatility: Floats, dividends: Dividends) -> Floats:
    """Return the volatility of each price between bounds, of which the upper one is that of a European option."""

    def error(volatility: Floats, rows: Rows) -> Floats:
        return prices(options[rows], volatility, dividends) - price[rows]

    highest = np.fmin(_MARGIN * european_volatility, _MOST)
    return roots(error, np.minimum(_LEAST, highest), highest, _PRECISION)


def is_early(options: Options, dividends: Dividends = NO_DIVIDENDS) -> Flags:
    """Return which options may be worth exercising before their expiry: calls for dividends, puts for interest."""
    pays = (options.dividend > 0.0) | (dividends.value(options) > 0.0)
    call, put = pays | (options.rate < 0.0), (options.rate > 0.0) | (options.dividend < 0.0)
    return (options.years > 0.0) & np.where(options.is_call, call, put)


def _blocks(options: Options, price: Floats, dividends: Dividends) -> Iterator[Rows]:
    """Yield the numbers of rows that need a tree, some at a time; `price` is NaN where there is none."""
    early = np.flatnonzero(is_early(options, dividends) & np.isfinite(price))
    for start in range(0, len(early), _BLOCK):
        yield early[start : start + _BLOCK]


def _greeks_of_block(options: Options, volatility: Floats, dividends: Dividends) -> Valuation:
    now = _Tree.of(options, volatility, dividends)
    bump = np.minimum(_BUMP, 0.5 * volatility)
    above, below = (_Tree.of(options, volatility + each, dividends).price for each in (bump, -bump))
    vega = np.divide(above - below, 200.0 * bump, out=np.zeros(len(options)), where=bump > 0.0)
    return Valuation(now.price, now.delta, now.gamma, _theta(options, volatility, dividends, now), vega)


def _theta(options: Options, volatility: Floats, dividends: Dividends, now: _Tree) -> Floats:
    """Return what a day takes, from the equation that prices obey where waiting is worth more than exercise."""
    carry = (options.rate - options.dividend) * options.spot
    bend = 0.5 * (volatility * dividends.taken_from(options).spot) ** 2 * now.gamma
    waiting = options.rate * now.price - carry * now.delta - bend
    return np.where(now.price > options.exercised * (1.0 + 1e-12), waiting, 0.0) / DAYS


@dataclass(frozen=True, slots=True, eq=False)
class _Tree:
    """What two trees say of the present, of which one has twice the steps: most of what both are off is left out."""

    price: Floats
    delta: Floats
    gamma: Floats

    @classmethod
    def of(cls, options: Options, volatility: Floats, dividends: Dividends) -> _Tree:
        """Price on both trees; no option is worth less than its exercise."""
        coarse, fine = (_on_a_tree(options, volatility, dividends, steps) for steps in (_STEPS, 2 * _STEPS))
        price, delta, gamma = (2.0 * better - good for good, better in zip(coarse, fine, strict=True))
        return cls(np.maximum(price, options.exercised), delta, gamma)


def _on_a_tree(options: Options, volatility: Floats, dividends: Dividends, steps: int) -> tuple[Floats, Floats, Floats]:
    """Return price, delta and gamma: go back from the expiry, exercising wherever that is worth more than waiting.

    The last step is priced by the formula. The tree begins two steps before the present, so that there are three nodes
    now, the middle one at the spot.
    """
    spot, step = dividends.taken_from(options).spot, options.years / steps
    drift = (options.rate - options.dividend) * step
    least, most = np.maximum(np.abs(drift), _NARROWEST), _WIDEST / (steps + 1.0)
    log_move = np.minimum(np.maximum(volatility * np.sqrt(step), least), most)
    move = np.exp(log_move)
    chance = (np.exp(drift) - 1.0 / move) / (move - 1.0 / move)
    rise, fall = options.discounted(chance, step), options.discounted(1.0 - chance, step)
    nodes = spot * np.exp(log_move * np.arange(-steps - 1, steps + 2)[:, np.newaxis])
    exercised = options.sign * (nodes - options.strike)
    by_turns = exercised[::2], exercised[1::2]  # every step has its nodes between those of the next one
    values = european.prices(replace(options, spot=nodes[::2], years=step), volatility)
    for number in reversed(range(steps)):
        if number < steps - 1:
            values = rise * values[1:] + fall * values[:-1]
        outermost = steps - 1 - number
        exercise = by_turns[outermost % 2][outermost // 2 :][: number + 3]
        if len(dividends.years):
            exercise = exercise + options.sign * dividends.value(options, options.years * (number / steps))
        np.maximum(values, exercise, out=values)
    return _at_the_middle(nodes[steps - 1 : steps + 4 : 2], values)


def _at_the_middle(nodes: Floats, values: Floats) -> tuple[Floats, Floats, Floats]:
    """Return value, slope and bend at the middle of three nodes."""
    (lower, upper), (fall, rise) = np.diff(nodes, axis=0), np.diff(values, axis=0)
    below, above = fall / lower, rise / upper
    return values[1], (upper * below + lower * above) / (lower + upper), 2.0 * (above - below) / (lower + upper)
