"""Fills of options, of shares beside them, and of shares that they deliver: prices and fees."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan

from orchestrate.verification.facts import Contract, Difference, Row, Run, same
from orchestrate.verification.options.contracts import is_exercised, quote_at, settled_at, worth_at
from orchestrate.verification.options.structures import Structures


class OptionFills:
    """What fills that are no orders of bars should cost."""

    def __init__(self, run: Run) -> None:
        self._run, self._structures = run, Structures(run)
        self._due = self._deliveries()

    def concerns(self, fill: Row) -> bool:
        """Return whether a fill is of an option, or of shares that one was traded with or became."""
        return fill["symbol"] in self._run.contracts or self._is_share(fill) or bool(self._delivering(fill))

    def is_free(self, fill: Row) -> bool:
        """Return whether a fill is what an option comes to, which costs no fee."""
        return fill["reason"] == "settlement" and (
            fill["symbol"] in self._run.contracts or bool(self._delivering(fill))
        )

    def check_price(self, fill: Row, where: str) -> Iterator[Difference]:
        """Yield a price that is none of the quotes, the close of the underlying, or the settlement."""
        prices = self._prices(fill)
        if not any(same(fill["price"], price, price) for price in prices):
            yield Difference("prices", f"{where}: price", fill["price"], prices[0] if len(prices) == 1 else prices)
        if fill["slippage"] != 0.0:
            yield Difference("prices", f"{where}: slippage", fill["slippage"], 0.0)

    def check_all(self) -> Iterator[Difference]:
        """Yield structures that were not filled as a whole, and deliveries that no option asks for."""
        yield from self._structures.check_whole()
        yield from self._check_deliveries()

    def _prices(self, fill: Row) -> tuple[float, ...]:
        run, symbol = self._run, fill["symbol"]
        if symbol not in run.contracts:
            strikes = self._delivering(fill)
            return tuple(strikes) or (float(run.closes(symbol)[run.step(fill["t"])]),)
        contract = run.contracts[symbol]
        if fill["reason"] == "settlement":
            return (self._settled(contract),)
        bid, ask = quote_at(contract, fill["t"])
        if fill["quantity"] > 0:
            return (ask,)
        place = fill["strategy_id"], symbol, fill["t"]
        closes = fill["reason"] or place in self._structures.closed
        return (0.0,) if closes and isnan(bid) and not isnan(ask) else (bid,)

    def _settled(self, contract: Contract) -> float:
        """Return what an option itself is closed at: in cash what it pays, 0 where it expires or delivers."""
        price = self._settlement_price(contract)
        return 0.0 if contract.delivers or not is_exercised(contract, price) else worth_at(contract, price)

    def _settlement_price(self, contract: Contract) -> float:
        underlying = self._run.bars[contract.underlying]
        row = settled_at(contract, underlying)
        return float("nan") if row is None else float(underlying.close[row])

    # ---- shares

    def _is_share(self, fill: Row) -> bool:
        return not fill["reason"] and (fill["strategy_id"], fill["symbol"], fill["t"]) in self._structures.shares

    def _delivering(self, fill: Row) -> dict[float, float]:
        """Return the shares that options deliver to a strategy at the moment of a settlement, by strike."""
        if fill["reason"] != "settlement":
            return {}
        return self._due.get((fill["strategy_id"], fill["symbol"], fill["t"]), {})

    def _deliveries(self) -> dict[tuple[str, str, int], dict[float, float]]:
        """Return the shares that options come to, by strategy, underlying and moment, then strike."""
        due: dict[tuple[str, str, int], dict[float, float]] = {}
        for fill in self._run.rows("fills"):
            contract = self._run.contracts.get(fill["symbol"])
            if contract is None or fill["reason"] != "settlement" or not contract.delivers:
                continue
            if is_exercised(contract, self._settlement_price(contract)):
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
