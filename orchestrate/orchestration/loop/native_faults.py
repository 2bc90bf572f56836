"""A report of a native's engine that can't be right is that native's failure alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestrate.domain.errors import EngineError, NativeError, ReconciliationError
from orchestrate.domain.orders.order import Fill, Order
from orchestrate.orchestration.loop.rules.unmanaged import Unmanaged
from orchestrate.orchestration.orders.blotter import Blotter
from orchestrate.orchestration.orders.natives import FillCheck
from orchestrate.orchestration.orders.reconciliation import reconcile
from orchestrate.orchestration.orders.router import EngineRouter
from orchestrate.orchestration.strategies.registry import StrategyEntry


class NativeFaults:
    """The natives that are at fault when an engine reports something impossible."""

    def __init__(
        self,
        entries: Mapping[str, StrategyEntry],
        router: EngineRouter,
        blotter: Blotter,
        check: FillCheck,
        unmanaged: Unmanaged,
    ) -> None:
        self._entries, self._router, self._blotter, self._check = entries, router, blotter, check
        self._unmanaged = unmanaged

    def of_fill(self, fill: Fill, *, at_close: bool) -> NativeError | None:
        """Return the fault of a native with an impossible fill; None for possible ones and for portable strategies."""
        order = self._blotter.with_engine(fill.order_id)
        owner = self._entries[fill.strategy_id if order is None else order.strategy_id]
        if not owner.is_native or self._blotter.is_booked(fill):
            return None
        if order is None:
            return NativeError(f"an engine reports a fill of order {fill.order_id!r}, which it does not have")
        problem = self._check.problem(fill, order, at_close=at_close)
        if not problem:
            return None
        return NativeError(f"{owner.framework} reports a fill of order {order.id} that is impossible: {problem}")

    def of_state(self, framework: str, moment: object) -> dict[str, NativeError]:
        """Return the natives whose engine and book disagree."""
        faults = {}
        for entry in self._natives(framework):
            try:
                handed_over = self._unmanaged.taken_from(entry.id)
                reconcile(self._router.native_state(entry.id), [entry.book], moment, handed_over)
            except NativeError as error:
                faults[entry.id] = error
            except ReconciliationError as error:
                faults[entry.id] = NativeError(f"its engine was changed otherwise than by trading: {error}")
        return faults

    def _natives(self, framework: str) -> Iterable[StrategyEntry]:
        for entry in self._entries.values():
            if entry.is_native and entry.framework == framework and entry.id not in self._router.expelled:
                yield entry

    def of_unanswered(self) -> dict[str, NativeError]:
        """Return the natives whose engine has not filled a market order at once; EngineError for other strategies."""
        unanswered = self._blotter.unanswered()
        if not unanswered:
            return {}
        lost: dict[str, list[str]] = {}
        for order in unanswered:
            lost.setdefault(order.strategy_id, []).append(order.id)
        for strategy_id, names in lost.items():
            if not self._entries[strategy_id].is_native or strategy_id in self._router.expelled:
                raise EngineError(f"{', '.join(names)}: handed to the engine and not filled")
        return {
            strategy_id: NativeError(f"{', '.join(names)}: handed to its engine and not filled")
            for strategy_id, names in lost.items()
        }

    def expel(self, entry: StrategyEntry) -> list[Order]:
        """Drop the native's engine; return the market orders that are lost with it."""
        self._router.expel(entry.id)
        return [order for order in self._blotter.unanswered() if order.strategy_id == entry.id]
