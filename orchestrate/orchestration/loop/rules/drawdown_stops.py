"""Stops at drawdown and daily-loss limits: they flatten or pause strategies or the whole portfolio."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from orchestrate.domain.events import LimitReachedEvent
from orchestrate.domain.market.timeline import NEVER, MarketEvent
from orchestrate.domain.orders.order import Order, OrderStatus, Reason
from orchestrate.domain.portfolio import Limits
from orchestrate.orchestration.loop.decision_log import DecisionLog, Emit
from orchestrate.orchestration.loop.order_manager import OrderManager
from orchestrate.orchestration.loop.rules.losses import Losses
from orchestrate.orchestration.risk.exposure import PORTFOLIO
from orchestrate.orchestration.strategies.registry import StrategyEntry


class DrawdownStops:
    """Stops where a drawdown has just reached its limit, and reports of daily losses that have.

    `pause` pauses a strategy; `halt` lets the run go on without calling any, given the drawdown and its bound.
    """

    def __init__(
        self,
        entries: Mapping[str, StrategyEntry],
        limits: Limits,
        losses: Losses,
        orders: OrderManager,
        log: DecisionLog,
        emit: Emit,
        pause: Callable[[str], None],
        halt: Callable[[float, float], None],
    ) -> None:
        self._entries, self._losses, self._orders = entries, losses, orders
        self._log, self._emit, self._pause, self._halt = log, emit, pause, halt
        self._limits = limits
        self._over = False

    def before_open(self, event: MarketEvent) -> None:
        """See `PortfolioRule`."""

    def next_event(self, step: int) -> int:  # noqa: ARG002  # equity decides which steps it must see
        """See `PortfolioRule`."""
        return NEVER

    def after_close(self, event: MarketEvent) -> None:  # noqa: ARG002
        """See `PortfolioRule`."""
        losses = self._losses
        for name in losses.newly_lost():
            self._report(name, "max_daily_loss", losses.daily_loss(name), "fraction")
        for name in losses.newly_down():
            bound = self._report(name, "max_drawdown", losses.drawdown(name), "at")
            action = str(getattr(self._limits_of(name)["max_drawdown"], "action", "flatten"))
            self._act(
                name, action, f"max_drawdown of {name or 'the portfolio'}: {losses.drawdown(name):.4g} of {bound:.4g}"
            )
            if action == "stop" and not self._over:
                self._over = True
                self._halt(losses.drawdown(name), bound)

    def _limits_of(self, name: str) -> Limits:
        return self._limits if name == PORTFOLIO else self._entries[name].allocation.limits

    def _report(self, name: str, limit: str, figure: float, field: str) -> float:
        bound = float(getattr(self._limits_of(name)[limit], field))
        self._emit(LimitReachedEvent(name, limit, figure, bound, t=self._log.step_label()))
        return bound

    def _act(self, name: str, action: str, why: str) -> None:
        for entry in self._concerned(name):
            if action != "pause":
                self._flatten(entry, why)
            elif entry.status == "active" and not self._over:
                self._pause(entry.id)

    def _concerned(self, name: str) -> Iterable[StrategyEntry]:
        entries = self._entries.values() if name == PORTFOLIO else [self._entries[name]]
        return [entry for entry in entries if entry.is_called]

    def _flatten(self, entry: StrategyEntry, why: str) -> None:
        """Cancel all orders of the strategy and close its positions at their next bars."""

        def own(order: Order) -> bool:
            return order.strategy_id == entry.id and order.status is not OrderStatus.RELEASED

        self._orders.cancel(own, Reason.LIMIT)
        self._orders.flatten(entry, Reason.FLATTENED, why)
