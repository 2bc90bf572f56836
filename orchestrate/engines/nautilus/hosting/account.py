"""The money that a native strategy sees: its own cash, and the value of its own positions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.enums import AccountType
from nautilus_trader.model.events import AccountState
from nautilus_trader.model.objects import AccountBalance, Currency, Money
from nautilus_trader.portfolio.base import PortfolioFacade

from orchestrate.domain.orders.order import Fill
from orchestrate.engines.hosting.book import NativeBook
from orchestrate.engines.nautilus.hosting.stepping import NativeStepper


class OwnAccount:
    """Moves the account that the strategy sees as its book moves: by notional, or by profit and fees.

    The engine's own account is frozen: a margin account would not debit what a share costs.
    """

    def __init__(self, stepper: NativeStepper, book: NativeBook) -> None:
        self._stepper, self._book = stepper, book

    def apply(self, fill: Fill) -> None:
        """Take a fill in, before the strategy receives it."""
        self._book.apply(fill)
        self._announce()

    def accrue(self, rows: Mapping[str, int], t: int) -> None:
        """Pay for the shorts whose symbols have a bar now."""
        if self._book.accrue(rows, t):
            self._announce()

    def _announce(self) -> None:
        cash = Money(self._book.own.cash, self._stepper.currency)
        account = self._stepper.engine.cache.account_for_venue(self._stepper.venue)
        others = [balance for currency, balance in account.balances().items() if currency != self._stepper.currency]
        now = self._stepper.now
        self._stepper.announce(
            AccountState(
                account.id,
                AccountType.MARGIN,
                account.base_currency,
                True,
                [AccountBalance(cash, Money(0, self._stepper.currency), cash), *others],
                [],
                {},
                UUID4(),
                now,
                now,
            )
        )

    def quantity(self, symbol: str) -> float:
        """Return what is held of `symbol`, signed."""
        return self._book.own.quantity(symbol)

    def equity(self) -> dict[Currency, Money]:
        """Return cash and positions at their last closes."""
        return {self._stepper.currency: Money(self._book.equity, self._stepper.currency)}


class OwnPortfolio(PortfolioFacade):  # type: ignore[misc]  # Nautilus's compiled classes have no types
    """The engine's portfolio, with the equity of `OwnAccount`: Nautilus would count a share's cost twice."""

    def __init__(self, real: PortfolioFacade, equity: Callable[[], dict[Currency, Money]]) -> None:
        self._real = real
        self._equity = equity
        for name in vars(PortfolioFacade):
            if not name.startswith("_") and name not in vars(OwnPortfolio):
                setattr(self, name, getattr(real, name))

    @property
    def initialized(self) -> bool:
        """See `PortfolioFacade`."""
        return bool(self._real.initialized)

    @property
    def analyzer(self) -> object:
        """See `PortfolioFacade`."""
        return self._real.analyzer

    def equity(self, *_venue_or_account: object, **_by_name: object) -> dict[Currency, Money]:
        """Return cash and positions at their last closes; there is but one venue and one account."""
        return self._equity()
