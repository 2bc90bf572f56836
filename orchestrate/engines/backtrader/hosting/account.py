"""The account of a hosted strategy: its cash and what its positions are worth; only the run sets its terms."""

from __future__ import annotations

from math import fsum
from typing import Any, Final

from backtrader.brokers import BackBroker

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.engines.backtrader.hosting.money import ConvertedScheme, InstrumentScheme
from orchestrate.engines.backtrader.hosting.refusals import refuse_methods
from orchestrate.engines.hosting.book import NativeBook

_REFUSED: Final = (
    ("set_cash", "setcash", "add_cash", "setcommission", "addcommissioninfo", "set_slippage_perc", "set_int2pnl"),
    ("set_slippage_fixed", "set_filler", "set_checksubmit", "set_shortcash", "set_eosbar", "seteosbar", "set_coc"),
    ("set_coo", "add_order_history", "set_fund_history"),
)


class Account(BackBroker):  # type: ignore[misc]  # Backtrader has no types
    """Cash, and instruments by the run's rules. `margined` are those that move cash by profit.

    Where rates or borrow come in, cash and value are those of `book`: Backtrader counts in one currency, without
    interest on the value of a short.
    """

    cash: float

    def __init__(
        self,
        cash: float,
        instruments: dict[str, Instrument],
        rules: ExecutionRules,
        book: NativeBook | None = None,
    ) -> None:
        super().__init__()
        self.p.cash = cash
        self.instruments = instruments
        self.book = book
        for symbol, instrument in instruments.items():
            self.comminfo[symbol] = InstrumentScheme(rules, instrument)
        self.margined = [symbol for symbol, each in instruments.items() if not each.moves_cash_by_notional]
        self._foreign = [symbol for symbol, each in instruments.items() if each.fx]
        self._account_rules = rules
        self._outdated = False

    def converted(self, symbol: str) -> Instrument:
        """Return the instrument in the capital's currency, at the last close."""
        return self.instruments[symbol] if self.book is None else self.book.at_close(symbol)

    def convert(self, symbol: str) -> None:
        """Let the symbol's scheme count at the rate of the moment; orders that have filled keep theirs."""
        if self.book is not None and symbol in self._foreign:
            rate, held = self.book.rate(symbol), self.book.own.positions.get(symbol)
            paid = rate if held is None else held.rate
            self.comminfo[symbol] = ConvertedScheme(self._account_rules, self.instruments[symbol], rate, paid)

    def settle(self) -> None:
        """Take cash from the book, and the rates of the last closes; margins are out of the cash since the entry."""
        if self.book is None:
            return
        for symbol in self._foreign:
            self.convert(symbol)
        held = self.book.own.positions
        own = [held[symbol] for symbol in self.margined if symbol in held]
        self.cash = self.book.own.cash + fsum(self.book.open_profit(each) - each.entry_cost for each in own)
        self._outdated = True

    def get_value(self, datas: Any = None, mkt: bool = False, lever: bool = False) -> float:
        """Return the value of the account, or of some datas, at the last closes; it is computed only when needed."""
        if self._outdated:
            self._get_value()
        return float(super().get_value(datas, mkt=mkt, lever=lever))

    getvalue = get_value

    def get_fundvalue(self) -> float:
        """Return the value of a share of the account."""
        if self._outdated:
            self._get_value()
        return float(super().get_fundvalue())

    fundvalue = property(get_fundvalue)

    def get_leverage(self) -> float:
        """Return how far positions exceed the value."""
        if self._outdated:
            self._get_value()
        return float(super().get_leverage())

    def _get_value(self, datas: Any = None, lever: bool = False) -> float:
        """Value margins at the entry, where they left the cash; Backtrader values them at the close."""
        value: float = super()._get_value(datas, lever)
        if datas:
            return value
        self._outdated = False
        if self.book is not None:
            self._shift(self.book.equity - self._value)
        elif self.margined:
            self._shift(-self._margin_drift())
        else:
            return value
        self._fundval = self._value / self._fundshares
        return float(self._valuelever if lever else self._value)

    def _margin_drift(self) -> float:
        drift = 0.0
        for data, position in self.positions.items():
            if position.size and data._name in self.margined:
                margin = self.comminfo[data._name].get_margin
                drift += abs(position.size) * (margin(data.close[0]) - margin(position.price))
        return drift

    def _shift(self, amount: float) -> None:
        for name in ("_value", "_valuemkt", "_valuelever", "_valuemktlever"):
            setattr(self, name, getattr(self, name) + amount)


for _names in _REFUSED:
    refuse_methods(Account, _names, "changing the account")
