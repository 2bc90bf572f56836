"""The orders of one native strategy, from demand to end, in whichever engine they are."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

from orchestrate.domain.errors import NativeError
from orchestrate.domain.orders.order import Demand, Ended, Fill, Reason
from orchestrate.orchestration.orders.ports import EngineReport

Key = TypeVar("Key", bound=Hashable)
NOTHING: Final = EngineReport()


def joined(reports: Sequence[EngineReport]) -> EngineReport:
    """Return several reports as one."""
    if len(reports) == 1:
        return reports[0]
    if not reports:
        return NOTHING
    return EngineReport(
        tuple([fill for one in reports for fill in one.fills]),
        tuple([demand for one in reports for demand in one.demands]),
        tuple([failure for one in reports for failure in one.failures]),
        tuple([ended for one in reports for ended in one.ended]),
    )


class _LiveOrder(NamedTuple):
    """An order that is not over: the how many-th demand of its strategy it is, and what it demands."""

    place: int
    demand: Demand


class NativeOrders(Generic[Key]):
    """Orders by the key under which their engine has them; the orchestrator knows each by the name in its demand.

    What happens to them is kept until it is reported, once. `notify` is called whenever there is something to report.
    """

    def __init__(self, strategy_id: str, notify: Callable[[], None]) -> None:
        self._strategy_id, self._notify = strategy_id, notify
        self._places = 0
        self._live: dict[Key, _LiveOrder] = {}
        self._keys: dict[str, Key] = {}
        self._order_ids: dict[Key, str] = {}
        self._fills: list[Fill] = []
        self._demands: dict[str, Demand] = {}
        self._ended: list[tuple[int, Ended]] = []
        self._in_order = 0

    # ---- the life of an order

    def demand(self, key: Key, demand: Demand) -> None:
        """Add an order that the strategy has sent; it waits for its verdict."""
        self._places += 1
        self._live[key] = _LiveOrder(self._places, demand)
        self._keys[demand.native_order] = key
        self._demands[demand.native_order] = demand
        self._notify()

    def release(self, key: Key, order_id: str) -> None:
        """Let the order fill from now on, as the orchestrator's `order_id`."""
        self._order_ids[key] = order_id

    def require_released(self, key: Key) -> None:
        """NativeError for an order that may not fill."""
        if key not in self._order_ids:
            raise NativeError(f"order {key} is executed before its release")

    def fill(self, key: Key, symbol: str, quantity: float, price: float, fee: float, t: int) -> Fill:
        """End the order by a fill, which is of all of it."""
        self.require_released(key)
        fill = Fill(self._order_ids.pop(key), self._strategy_id, symbol, quantity, price, fee, t)
        self.forget(key)
        self._fills.append(fill)
        self._notify()
        return fill

    def end(self, key: Key, reason: Reason) -> None:
        """End the order without a fill: withdraw its demand if that is not reported yet, else report the end."""
        self._order_ids.pop(key, None)
        live = self.forget(key)
        if live is not None and self._demands.pop(live.demand.native_order, None) is None:
            self._ended.append((live.place, Ended(self._strategy_id, live.demand.native_order, reason)))
            self._notify()

    def forget(self, key: Key) -> _LiveOrder | None:
        """Report nothing more of the order: the orchestrator knows that it is over."""
        live = self._live.pop(key, None)
        if live is not None:
            del self._keys[live.demand.native_order]
        return live

    def abandon(self) -> None:
        """Forget every order; those that are released may still fill."""
        self._live.clear()
        self._keys.clear()
        self._demands.clear()

    def withdraw_demands(self) -> None:
        """Report no demand that is not reported yet."""
        self._demands.clear()

    def name(self, key: Key) -> str:
        """Return the name of a live order; "" for any other."""
        live = self._live.get(key)
        return "" if live is None else live.demand.native_order

    def key(self, name: str) -> Key | None:
        """Return the engine's key of the live order with that name."""
        return self._keys.get(name)

    def is_closing(self, key: Key) -> bool:
        """Return whether a live order was demanded as one that only reduces the position."""
        live = self._live.get(key)
        return live is not None and live.demand.closing

    # ---- reports

    def sort_ended(self) -> None:
        """Put the orders that ended since the last call, all at one moment, in the order in which they were demanded.

        For engines that end several at once in no order of their own.
        """
        if len(self._ended) > self._in_order + 1:
            self._ended[self._in_order :] = sorted(self._ended[self._in_order :], key=lambda ended: ended[0])
        self._in_order = len(self._ended)

    def take_fills(self) -> tuple[Fill, ...]:
        """Return the fills that are not reported yet."""
        fills = tuple(self._fills)
        self._fills.clear()
        return fills

    def report(self) -> EngineReport:
        """Return all that is not reported yet."""
        if not (self._fills or self._demands or self._ended):
            return NOTHING
        ended = tuple([ended for _, ended in self._ended])
        report = EngineReport(self.take_fills(), tuple(self._demands.values()), ended=ended)
        self._demands.clear()
        self._ended.clear()
        self._in_order = 0
        self._require_own(report)
        return report

    def _require_own(self, report: EngineReport) -> None:
        """NativeError where the strategy has written something of another into its orders."""
        facts: tuple[Fill | Demand | Ended, ...] = (*report.fills, *report.demands, *report.ended)
        for fact in facts:
            if fact.strategy_id != self._strategy_id:
                raise NativeError(f"it reports something of {fact.strategy_id}: {fact}")
