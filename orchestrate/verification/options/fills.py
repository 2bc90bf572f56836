"""Fills of options, of shares beside them, and of shares that they deliver: prices and fees."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan
from typing import Final

from orchestrate.verification.facts import Contract, Difference, Row, Run, same
from orchestrate.verification.options.assignments import check_assignments
from orchestrate.verification.options.contracts import is_exercised, quote_at, settlement_price, worth_at
from orchestrate.verification.options.structures import Structures

#: What options come to when they expire, and when they are assigned before.
_ENDS: Final = ("settlement", "assigned")


class OptionFills:
    """What fills that are no orders of bars should cost."""

    def __init__(self, run: Run) -> None:
        self._run, self._structures = run, Structures(run)
        self._due, self._closing = self._deliveries(), self._closings()

    def concerns(self, fill: Row) -> bool:
        """Return whether a fill is of an option, or of shares that one became."""
        return fill["symbol"] in self._run.contracts or bool(self._delivering(fill))

    def is_share(self, fill: Row) -> bool:
        """Return whether a fill is of shares that were traded beside options, at the close."""
        return fill["order_id"] in self._structures.groups and fill["symbol"] not in self._run.contracts

    def fee(self, fill: Row, usual: float) -> float:
        """Return the fee of a fill: none for what an option comes to, their own of contracts, else the `usual` one."""
        if self.is_free(fill):
            return 0.0
        rules = self._run.rules
        if rules.per_contract is None or fill["symbol"] not in self._run.contracts:
            return usual
        return max(abs(float(fill["quantity"])) * rules.per_contract, rules.contract_minimum)

    def is_free(self, fill: Row) -> bool:
        """Return whether a fill is what an option comes to."""
        return fill["reason"] in _ENDS and self.concerns(fill)

    def check_price(self, fill: Row, where: str) -> Iterator[Difference]:
        """Yield a price that is none of the quotes, of the settlement, or of the strikes of what is delivered."""
        prices = self._prices(fill)
        if not any(same(fill["price"], price, price) for price in prices):
            yield Difference("prices", f"{where}: price", fill["price"], prices[0] if len(prices) == 1 else prices)
        if fill["slippage"] != 0.0:
            yield Difference("prices", f"{where}: slippage", fill["slippage"], 0.0)

    def check_all(self) -> Iterator[Difference]:
        """Yield structures that were not filled as a whole, and deliveries and assignments without a cause."""
        yield from self._structures.check_whole()
        yield from self._check_deliveries()
        yield from check_assignments(self._run)

    def _prices(self, fill: Row) -> tuple[float, ...]:
        contract = self._run.contracts.get(fill["symbol"])
        if contract is None:
            return tuple(self._delivering(fill))
        if fill["reason"] in _ENDS:
            return (self._settled(contract, fill),)
        bid, ask = quote_at(contract, fill["t"])
        if fill["quantity"] < 0 and isnan(bid) and not isnan(ask) and fill["fill_id"] in self._closing:
            return (0.0,)  # nobody buys what is closed
        cross = self._run.rules.cross
        if cross == 1.0:
            return (ask if fill["quantity"] > 0 else bid,)
        price = bid + cross * (ask - bid) if fill["quantity"] > 0 else ask - cross * (ask - bid)
        return _rounded(price, contract.precision)

    def _settled(self, contract: Contract, fill: Row) -> float:
        """Return what an option itself is closed at: in cash what it pays, 0 where it expires or delivers."""
        price = self._price_of(contract, fill)
        return 0.0 if contract.delivers or not is_exercised(contract, price) else worth_at(contract, price)

    def _price_of(self, contract: Contract, fill: Row) -> float:
        """Return what the underlying counts at as an option ends: when assigned early, its close of that step."""
        if fill["reason"] == "assigned":
            return float(self._run.closes(contract.underlying)[self._run.step(fill["t"])])
        return settlement_price(contract, self._run.bars[contract.underlying])

    # ---- shares

    def _closings(self) -> set[str]:
        """Return the fills that make a position smaller."""
        held: dict[tuple[str, str], float] = {}
        closing = set()
        for fill in self._run.rows("fills"):
            place = fill["strategy_id"], fill["symbol"]
            if held.get(place, 0.0) * fill["quantity"] < 0:
                closing.add(fill["fill_id"])
            held[place] = held.get(place, 0.0) + fill["quantity"]
        return closing

    def _delivering(self, fill: Row) -> dict[float, float]:
        """Return the shares that options deliver to a strategy at the moment of a settlement, by strike."""
        if fill["reason"] not in _ENDS:
            return {}
        return self._due.get((fill["strategy_id"], fill["symbol"], fill["t"]), {})

    def _deliveries(self) -> dict[tuple[str, str, int], dict[float, float]]:
        """Return the shares that options come to, by strategy, underlying and moment, then strike."""
        due: dict[tuple[str, str, int], dict[float, float]] = {}
        for fill in self._run.rows("fills"):
            contract = self._run.contracts.get(fill["symbol"])
            if contract is None or fill["reason"] not in _ENDS or not contract.delivers:
                continue
            if is_exercised(contract, self._price_of(contract, fill)):
                units = -fill["quantity"] * contract.multiplier * (1.0 if contract.is_call else -1.0)
                own = due.setdefault((fill["strategy_id"], contract.underlying, fill["t"]), {})
                own[contract.strike] = own.get(contract.strike, 0.0) + units
        return due

    def _check_deliveries(self) -> Iterator[Difference]:
        """Yield shares that were delivered in another number than options come to."""
        done: dict[tuple[str, str, int], float] = {}
        for fill in self._run.rows("fills"):
            if self._delivering(fill):
                place = fill["strategy_id"], fill["symbol"], fill["t"]
                done[place] = done.get(place, 0.0) + fill["quantity"]
        for place, strikes in self._due.items():
            if not same(done.get(place, 0.0), sum(strikes.values())):
                name, symbol, moment = place
                where = f"fills: {symbol} delivered to {name} at {moment}"
                yield Difference("fills", where, done.get(place, 0.0), sum(strikes.values()))


def _rounded(price: float, precision: int) -> tuple[float, ...]:
    """Return a price with so many decimals; both neighbours where it lies between them."""
    grain = 1e-6 * 10.0**-precision
    return tuple(dict.fromkeys(round(price + nudge, precision) for nudge in (-grain, grain)))
