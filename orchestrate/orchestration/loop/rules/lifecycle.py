"""The status of strategies during a run: they are added, paused, resumed and removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Final, Literal

from orchestrate.domain.books import Book
from orchestrate.domain.events import (
    StrategyAddedEvent,
    StrategyPausedEvent,
    StrategyRemovedEvent,
    StrategyResumedEvent,
)
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import NEVER, MarketEvent
from orchestrate.domain.orders.order import OrderStatus, Reason
from orchestrate.domain.results import EntryStatus, Finding, Moment, PortfolioStop
from orchestrate.orchestration.loop.decision_log import Emit
from orchestrate.orchestration.loop.order_manager import OrderManager
from orchestrate.orchestration.loop.rules.losses import Losses
from orchestrate.orchestration.loop.rules.unmanaged import Unmanaged
from orchestrate.orchestration.risk.capital import RESERVE, MoveCapital, PortfolioCapitalManager
from orchestrate.orchestration.risk.exposure import PORTFOLIO
from orchestrate.orchestration.strategies.registry import StrategyEntry

#: The fate of the positions of a strategy that is removed.
Positions = Literal["flatten", "keep"]
#: Moves all positions of a strategy to the unmanaged book of its framework; returns their worth.
HandOver = Callable[[StrategyEntry], float]
_CENT: Final = Decimal("0.01")


class Lifecycle:
    """Changes the status of strategies, and moves their capital; `PortfolioRule`.

    ValueError where a strategy's status does not allow the change, or the portfolio was stopped. `now` is the label of
    the step under way, and whether that is still before its open. `retire` lets no code of a native run any more.
    """

    def __init__(
        self,
        entries: Mapping[str, StrategyEntry],
        capital: PortfolioCapitalManager,
        orders: OrderManager,
        losses: Losses,
        now: Callable[[], tuple[int, Moment]],
        emit: Emit,
        transfer: MoveCapital,
        reweigh: Callable[[str, Decimal], None],
        unmanaged: Unmanaged,
        hand_over: HandOver,
        retire: Callable[[StrategyEntry], None],
        findings: list[Finding],
    ) -> None:
        self._entries, self._capital, self._orders = entries, capital, orders
        self._losses, self._now, self._emit, self._transfer = losses, now, emit, transfer
        self._reweigh, self._unmanaged, self._hand_over = reweigh, unmanaged, hand_over
        self._retire, self._findings = retire, findings
        #: nothing changes any more
        self.stopped: PortfolioStop | None = None
        self._keeping: set[str] = set()
        self._leaving: dict[str, StrategyEntry] = {}

    # ---- changes that a user may request

    def pause(self, strategy_id: str) -> None:
        """Refuse the strategy's new openings; its positions stay, its open orders are executed."""
        entry = self._require(strategy_id, "paused", "active")
        self._emit(StrategyPausedEvent(strategy_id, self._become(entry, "paused")))

    def resume(self, strategy_id: str) -> None:
        """Let a strategy open positions again; its drawdown begins anew, and the portfolio's where that stopped it."""
        entry = self._known(strategy_id)
        stopped = self._losses.is_down(strategy_id) or self._losses.is_down(PORTFOLIO)
        self._require(strategy_id, "resumed", "paused", *(("active",) if stopped else ()))
        label = self._become(entry, "active")
        for name in (strategy_id, PORTFOLIO):
            if name == strategy_id or self._losses.is_down(name):
                self._losses.new_peak(name)
        self._emit(StrategyResumedEvent(strategy_id, label))

    def add(self, strategy_id: str) -> None:
        """Add a strategy that has waited, with its weight of the portfolio's equity from the reserve."""
        entry = self._require(strategy_id, "added", "waiting")
        label, moment = self._now()
        entry.join(label, moment)
        self._reweigh(strategy_id, entry.weight)
        self._emit(StrategyAddedEvent(strategy_id, entry.allocation.target_pct, label))
        due = (entry.weight * Decimal(str(self._losses.equity(PORTFOLIO)))).quantize(_CENT, ROUND_DOWN)
        amount = min(due, _whole_cents(self._capital.reserve))
        if amount > 0:
            self._transfer(RESERVE, strategy_id, amount)
        if amount < due:
            message = f"added at {label_text(label)} with {amount:.2f}, not {due:.2f}: the reserve has no more"
            self._findings.append(Finding("warning", f"strategies.{strategy_id}", message))

    def remove(self, strategy_id: str, positions: Positions = "flatten") -> None:
        """Remove a strategy: cancel its orders, close its positions, return its cash.

        With `keep` its positions move at cost to the unmanaged book; ValueError where that holds the other side.
        """
        entry = self._require(strategy_id, "removed", "active", "paused", "waiting")
        opposite = self._unmanaged.opposite(entry) if positions == "keep" else ""
        if opposite:
            holder = self._unmanaged.of(entry.framework).id
            raise ValueError(f"Positions of {strategy_id!r} can't be kept: {holder} holds the other side of {opposite}")
        label, entry.weight = self._become(entry, "removed"), Decimal(0)
        self._reweigh(strategy_id, entry.weight)
        self._emit(StrategyRemovedEvent(strategy_id, label))
        self._orders.cancel(
            lambda order: order.strategy_id == strategy_id and order.status is not OrderStatus.RELEASED,
            Reason.STRATEGY_REMOVED,
        )
        if positions == "keep":
            self._keeping.add(strategy_id)
        else:
            self._orders.flatten(entry, Reason.FLATTENED, "the strategy was removed")
        self._retire(entry)
        self._leaving[strategy_id] = entry
        self._return_cash()

    def _require(self, strategy_id: str, becoming: str, *allowed: EntryStatus) -> StrategyEntry:
        entry = self._known(strategy_id)
        if self.stopped is not None:
            raise ValueError(f"Strategy {strategy_id!r} can't be {becoming}: {self.stopped}")
        entry.require(becoming, *allowed)
        return entry

    def _known(self, strategy_id: str) -> StrategyEntry:
        if strategy_id not in self._entries:
            raise ValueError(f"Unknown strategy: {strategy_id}")
        return self._entries[strategy_id]

    def _become(self, entry: StrategyEntry, status: EntryStatus) -> int:
        label, moment = self._now()
        entry.become(status, label, moment)
        return label

    # ---- a rule of the portfolio

    def before_open(self, event: MarketEvent) -> None:
        """See `PortfolioRule`."""

    def after_close(self, event: MarketEvent) -> None:  # noqa: ARG002
        """See `PortfolioRule`: return the proceeds of removed strategies."""
        if self._leaving:
            self._return_cash()

    def next_event(self, step: int) -> int:  # noqa: ARG002  # fills make the steps that it must see
        """See `PortfolioRule`."""
        return NEVER

    def _return_cash(self) -> None:
        for name, entry in list(self._leaving.items()):
            if self._orders.blotter.pending(name):
                continue
            if name in self._keeping and entry.book.positions and not self._unmanaged.opposite(entry):
                self._leave_positions(entry)
            if not entry.book.positions:
                del self._leaving[name]
                amount = _whole_cents(entry.book)
                if amount > 0:
                    self._transfer(name, RESERVE, amount)

    def _leave_positions(self, entry: StrategyEntry) -> None:
        """Hand positions over with their worth in cash: nobody's return changes."""
        worth, holder = self._hand_over(entry), self._unmanaged.of(entry.framework)
        source, target = (entry, holder) if worth > 0 else (holder, entry)
        amount = min(Decimal(repr(abs(worth))).quantize(_CENT, ROUND_DOWN), _whole_cents(source.book))
        if amount > 0:
            self._transfer(source.id, target.id, amount)


def _whole_cents(book: Book) -> Decimal:
    return Decimal(repr(round(book.cash, 6))).quantize(_CENT, ROUND_DOWN)
