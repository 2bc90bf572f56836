"""Was every fill possible at its bar: its price, its slippage, its rate and its fee."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from orchestrate.verification.facts import EARLIEST, Bars, Difference, Row, Run, Terms, same
from orchestrate.verification.options.fills import OptionFills

#: Orders of rules that are filled at a close, and those that an account forces at the next open.
_LAST_CLOSE: Final = ("settlement", "close_at_end", "assigned")
_FORCED: Final = ("margin_call", "ruined")
_LIMITS: Final = ("limit", "stop_limit")
_GRAIN: Final = 1e-9


def check_fills(run: Run) -> Iterator[Difference]:
    """Yield the fills that could not have been."""
    types = order_types(run)
    known: set[str] = set()
    before, options = EARLIEST, OptionFills(run) if run.contracts else None
    for number, fill in enumerate(run.rows("fills")):
        where = f"fills, row {number}: {fill['fill_id']}"
        if fill["fill_id"] in known or fill["strategy_id"] not in run.strategies or fill["symbol"] not in run.bars:
            yield Difference("fills", where, fill["fill_id"], "one fill of a strategy, in a symbol of the data")
            return
        if fill["t"] < before or run.step(fill["t"]) < 0:
            yield Difference("fills", f"{where}: t", fill["t"], "a step, no earlier than that of the fill before")
            return
        before = fill["t"]
        known.add(fill["fill_id"])
        yield from _check(run, fill, types.get(fill["order_id"], "market"), where, options)
    if options is not None:
        yield from options.check_all()


def order_types(run: Run) -> dict[str, str]:
    """Return the type of each order as it was when first decided on."""
    return {row["order_id"]: row["order_type"] for row in reversed(run.rows("decisions"))}


def _check(run: Run, fill: Row, order_type: str, where: str, options: OptionFills | None) -> Iterator[Difference]:
    bars, terms = run.bars[fill["symbol"]], run.terms[fill["symbol"]]
    row = int(np.searchsorted(bars.labels, fill["label"]))
    if row >= len(bars.labels) or bars.labels[row] != fill["label"] or bars.stamps[row] != fill["t"]:
        yield Difference("fills", f"{where}: label", fill["label"], "the label and moment of a bar")
        return
    if options is not None and options.is_share(fill):
        order_type = "market"
    at_close = is_at_close(run, fill, order_type, options)
    if options is not None and options.concerns(fill):
        yield from options.check_price(fill, where)
    else:
        yield from _check_price(run, fill, order_type, row, where, at_close=at_close)
    rate = _rate(run, terms, bars, row, at_close=at_close)
    if terms.fx and not same(fill["rate"], rate):
        yield Difference("rates", f"{where}: rate", fill["rate"], rate)
    fee = fee_of(run, fill, terms, rate)
    if options is not None:
        fee = options.fee(fill, fee)
    if not same(fill["fee"], fee, fill["quantity"] * fill["price"]):
        yield Difference("fees", f"{where}: fee", fill["fee"], fee)


def is_at_close(run: Run, fill: Row, order_type: str, options: OptionFills | None) -> bool:
    """Return whether an order of that kind fills at a close, as options do and the shares beside them."""
    if fill["reason"] in _LAST_CLOSE or (options is not None and (options.concerns(fill) or options.is_share(fill))):
        return True
    return run.rules.at_close and order_type == "market" and fill["reason"] not in _FORCED


def _check_price(run: Run, fill: Row, order_type: str, row: int, where: str, *, at_close: bool) -> Iterator[Difference]:
    bars, terms = run.bars[fill["symbol"]], run.terms[fill["symbol"]]
    market = order_type == "market"
    if market and not (run.strategies[fill["strategy_id"]].is_native and run.rules.at_close):
        raws = [float((bars.close if at_close else bars.open)[row])]
    else:
        raws = [float(column[row]) for column in (bars.open, bars.high, bars.low, bars.close)]
    slips = order_type not in _LIMITS and fill["reason"] != "settlement"
    prices = [slipped(run, raw, fill["quantity"], terms) if slips else raw for raw in raws]
    low, high = min(prices), max(prices)
    if not low - _GRAIN * abs(low) <= fill["price"] <= high + _GRAIN * abs(high):
        yield Difference("prices", f"{where}: price", fill["price"], low if low == high else (low, high))
    elif not _is_slippage(run, fill, terms, raws[0] if len(raws) == 1 else None, slips=slips):
        yield Difference("prices", f"{where}: slippage", fill["slippage"], "what slippage cost at that price")


def slipped(run: Run, raw: float, quantity: float, terms: Terms) -> float:
    """Return a price after slippage, which rounds it to the tick, away from the trader."""
    rules = run.rules
    if not rules.slip_percent and not rules.slip_ticks:
        return raw
    sign = 1.0 if quantity > 0 else -1.0
    ticks = (raw + sign * (abs(raw) * rules.slip_percent / 100.0 + rules.slip_ticks * terms.tick)) / terms.tick
    grain = max(1e-9, abs(ticks) * 1e-14)
    whole = math.ceil(ticks - grain) if quantity > 0 else math.floor(ticks + grain)
    return whole * terms.tick


def _is_slippage(run: Run, fill: Row, terms: Terms, raw: float | None, *, slips: bool) -> bool:
    """Return whether the stored slippage leads from a price to that of the fill; `raw` is that price where known."""
    if not slips or not (run.rules.slip_percent or run.rules.slip_ticks):
        return bool(fill["slippage"] == 0.0)
    worth = abs(fill["quantity"]) * terms.multiplier * fill.get("rate", 1.0)
    distance = fill["slippage"] / worth
    if raw is not None:
        return same(fill["slippage"], abs(fill["price"] - raw) * worth, fill["price"] * worth)
    before = fill["price"] - distance if fill["quantity"] > 0 else fill["price"] + distance
    decimals = before * 10.0**terms.precision
    grain = 1e-6 * max(1.0, abs(decimals) * 1e-6)
    exact = round(before, terms.precision)
    is_price = abs(decimals - round(decimals)) <= max(grain, 1e-8 / worth * 10.0**terms.precision)
    return bool(is_price and abs(slipped(run, exact, fill["quantity"], terms) - fill["price"]) <= _GRAIN * abs(exact))


def _rate(run: Run, terms: Terms, bars: Bars, row: int, *, at_close: bool) -> float:
    """Return the close of the rate that counts: of the step at a close, else the last one before the bar began.

    A bar begins no earlier than the one before it was known.
    """
    if not terms.fx:
        return 1.0
    rates, moment = run.bars[terms.fx], int(bars.stamps[row])
    if not at_close:
        began = moment - bars.length
        before = int(bars.stamps[row - 1]) if row else began
        moment = min(max(began, before), moment - 1)
    place = int(np.searchsorted(rates.stamps, moment, side="right")) - 1
    return float(rates.close[place]) if place >= 0 else run.earlier_rates.get(terms.fx, 1.0)


def fee_of(run: Run, fill: Row, terms: Terms, rate: float) -> float:
    """Return the commission of a fill, in the capital's currency."""
    own = run.rules.commissions.get(fill["symbol"], run.rules.commission)
    notional = abs(fill["quantity"] * fill["price"]) * terms.multiplier * rate
    fee: float = notional * own.percent / 100.0 + abs(fill["quantity"]) * own.per_share
    return max(fee, own.minimum)
