"""What a hosted strategy has asked for: its orders under names of their own, as demands, until they are over."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from backtrader import Order as Native

from orchestrate.domain.orders.order import Demand, Ended, Fill, OrderGroup, Reason
from orchestrate.engines.backtrader.hosting.refusals import NotHostedError
from orchestrate.orchestration.orders.ports import EngineReport

_TRIGGERED = frozenset({Native.Stop, Native.StopLimit, Native.StopTrail, Native.StopTrailLimit})
_LIMITED = frozenset({Native.StopLimit, Native.StopTrailLimit})
_HOSTED = _TRIGGERED | {Native.Market, Native.Limit}
#: the number of no order
NOBODY: Final = -1
NOTHING: Final = EngineReport()


@dataclass
class News:
    """What happened in one strategy and has not been told yet, each kind in the order it happened."""

    fills: list[Fill] = field(default_factory=list)
    demands: dict[tuple[str, str], Demand] = field(default_factory=dict)
    ended: list[Ended] = field(default_factory=list)

    def tell(self) -> EngineReport:
        """All of it, once."""
        if not (self.demands or self.fills or self.ended):
            return NOTHING
        told = EngineReport(tuple(self.fills), tuple(self.demands.values()), ended=tuple(self.ended))
        for kind in (self.fills, self.demands, self.ended):
            kind.clear()
        return told


def joined(told: Sequence[EngineReport]) -> EngineReport:
    """What several natives have to say, as one."""
    return EngineReport(
        tuple(fill for one in told for fill in one.fills),
        tuple(demand for one in told for demand in one.demands),
        tuple(failure for one in told for failure in one.failures),
        tuple(ended for one in told for ended in one.ended),
    )


class Wishes:
    """One strategy's live orders by name."""

    def __init__(self, strategy_id: str, news: News) -> None:
        self._strategy_id, self._news = strategy_id, news
        self._count = 0
        self._names: dict[int, str] = {}
        self._refs: dict[str, int] = {}
        self._closing: set[int] = set()

    def want(
        self,
        order: Native,
        expected: float,
        live: Sequence[Native],
        ocos: Mapping[int, int],
        moment: tuple[int, int],
        *,
        again: bool,
    ) -> None:
        """Tell the order as a demand. `expected`: what is held once waiting market orders have filled."""
        self._count += 1
        name = str(self._count)
        quantity = float(order.created.size)
        parent = order.parent if order.parent is not None and order.parent.alive() else None
        if parent is None:
            free = abs(expected) - self._claimed(order, live, ocos)
        else:
            expected += 0.0 if parent.exectype == Native.Market else parent.created.size
            free = abs(expected)
        closing = expected * quantity < 0 and abs(quantity) <= free
        self._news.demands[self._strategy_id, name] = Demand(
            strategy_id=self._strategy_id,
            symbol=order.data._name,
            quantity=quantity,
            closing=closing,
            price=float(order.data.close[0]) if len(order.data) else 0.0,
            step=moment[0],
            t=moment[1],
            native_order=name,
            signalled=order.parent is None and not again,
            limit=_limit(order),
            trigger=float(order.created.price) if order.exectype in _TRIGGERED else None,
            group=OrderGroup.bracket(self._names.get(parent.ref)) if parent is not None else None,
        )
        self._names[order.ref], self._refs[name] = name, order.ref
        if closing:
            self._closing.add(order.ref)

    def _claimed(self, order: Native, live: Sequence[Native], ocos: Mapping[int, int]) -> float:
        """What resting exits already stand for; of those that cancel each other only one will act."""
        if order.exectype == Native.Market:
            return 0.0
        groups: dict[int, float] = {}
        for other in live:
            if other.ref in self._closing and other.exectype != Native.Market and other.size * order.size > 0:
                group = other.parent.ref if other.parent is not None else ocos[other.ref]
                groups[group] = max(groups.get(group, 0.0), abs(other.executed.remsize))
        groups.pop(ocos[order.ref], None)
        return sum(groups.values())

    def ref(self, name: str) -> int:
        """Backtrader's number of the live order with that name."""
        return self._refs.get(name, NOBODY)

    def is_closing(self, ref: int) -> bool:
        """True for an order that was told as one that only reduces the position."""
        return ref in self._closing

    def end(self, ref: int, reason: Reason) -> None:
        """The order is over without a fill. What was never told needs no telling."""
        name = self.forget(ref)
        if name and self._news.demands.pop((self._strategy_id, name), None) is None:
            self._news.ended.append(Ended(self._strategy_id, name, reason))

    def forget(self, ref: int) -> str:
        """The order is over, and the orchestrator knows it; its name."""
        self._closing.discard(ref)
        name = self._names.pop(ref, "")
        self._refs.pop(name, None)
        return name

    def drop(self) -> None:
        """Nobody is to be told of the orders that were not told yet."""
        for name in self._refs:
            self._news.demands.pop((self._strategy_id, name), None)


def refuse_order(order: Native, feeds: Mapping[str, object], siblings: Sequence[Native]) -> None:
    """NotHostedError for an order that can't be filled as the strategy expects."""
    what = f"an order of type {order.getordername()}"
    if order.exectype not in _HOSTED:
        raise NotHostedError(f"{what} is not hosted; docs/natives.md lists what is")
    if feeds.get(getattr(order.data, "_name", "")) is not order.data:
        raise NotHostedError(f"{what} on a data that is none of the strategy's own is not hosted")
    if order.exectype == Native.Market:
        if order.parent is not None:
            raise NotHostedError("a market order as a bracket's exit is not hosted")
        if any(sibling.exectype == Native.Market for sibling in siblings):
            raise NotHostedError("two market orders of which one cancels the other are not hosted")
        return
    prices = [order.created.price, *([order.created.pricelimit] if order.exectype in _LIMITED else [])]
    if any(price is None or not math.isfinite(price) for price in prices):
        raise ValueError(f"{what} needs a price that is a number, not {prices[-1]}")


def _limit(order: Native) -> float | None:
    if order.exectype == Native.Limit:
        return float(order.created.price)
    return float(order.created.pricelimit) if order.exectype in _LIMITED else None
