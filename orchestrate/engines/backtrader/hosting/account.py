"""The account of a hosted strategy: its cash and what its positions are worth; only the run sets its terms."""

from __future__ import annotations

from typing import Any, Final

from backtrader.brokers import BackBroker

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.engines.backtrader.hosting.money import InstrumentScheme
from orchestrate.engines.backtrader.hosting.refusals import refuse_methods

_REFUSED: Final = (
    ("set_cash", "setcash", "add_cash", "setcommission", "addcommissioninfo", "set_slippage_perc", "set_int2pnl"),
    ("set_slippage_fixed", "set_filler", "set_checksubmit", "set_shortcash", "set_eosbar", "seteosbar", "set_coc"),
    ("set_coo", "add_order_history", "set_fund_history"),
)


class Account(BackBroker):  # type: ignore[misc]  # Backtrader has no types
    """Cash, and instruments by the run's rules. `margined` are those that move cash by profit."""

    cash: float

    def __init__(self, cash: float, instruments: dict[str, Instrument], rules: ExecutionRules) -> None:
        super().__init__()
        self.p.cash = cash
        self.instruments = instruments
        for symbol, instrument in instruments.items():
            self.comminfo[symbol] = InstrumentScheme(rules, instrument)
        self.margined = [symbol for symbol, each in instruments.items() if not each.moves_cash_by_notional]
        self._outdated = False

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
        if not self.margined:
            return value
        for data, position in self.positions.items():
            if position.size and data._name in self.margined:
                margin = self.comminfo[data._name].get_margin
                drift = abs(position.size) * (margin(data.close[0]) - margin(position.price))
                for name in ("_value", "_valuemkt", "_valuelever", "_valuemktlever"):
                    setattr(self, name, getattr(self, name) - drift)
        self._fundval = self._value / self._fundshares
        return float(self._valuelever if lever else self._value)


for _names in _REFUSED:
    refuse_methods(Account, _names, "changing the account")
