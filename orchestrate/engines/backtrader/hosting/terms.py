"""The terms of an order when it is sent: in plain numbers, and not to be changed afterwards."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, Final

from backtrader import Order as Native

from orchestrate.domain.errors import NativeError
from orchestrate.domain.orders.execution import rounded
from orchestrate.engines.hosting.refusals import NotHostedError, not_hosted

#: Their prices follow the market.
_TRAILING: Final = frozenset({Native.StopTrail, Native.StopTrailLimit})


class Terms:
    """The terms of each live order. Strategies hold the broker's own orders, and can write into them."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Native, object, dict[str, object]]] = {}

    def note(self, order: Native) -> None:
        """Remember the terms that the order has now."""
        self._known[id(order)] = order, order.data, _terms(order)

    def require_unchanged(self, order: Native) -> None:
        """NativeError for an order whose terms have changed since they were noted, or were never noted."""
        known = self._known.get(id(order))
        if known is None:
            raise NativeError("an order is among the broker's that was never sent")
        _, data, before = known
        now = _terms(order)
        changed = [f"{name} was {before[name]!r} and is {now[name]!r}" for name in before if before[name] != now[name]]
        if order.data is not data:
            changed.append("it is on another data")
        if changed:
            raise NativeError(f"order {before['ref']} was changed after it had been sent: {', '.join(changed)}")

    def forget(self, order: Native) -> None:
        """Forget an order that is over."""
        self._known.pop(id(order), None)


def _terms(order: Native) -> dict[str, object]:
    created, executed = order.created, order.executed
    terms = {"ref": order.ref, "exectype": order.exectype, "ordtype": order.ordtype}
    terms |= {"created.size": created.size, "executed.size": executed.size, "executed.remsize": executed.remsize}
    if order.exectype not in _TRAILING:
        terms |= {"created.price": created.price, "created.pricelimit": created.pricelimit}
    return terms


def put_in_plain_numbers(order: Native) -> None:
    """Turn numpy's numbers into Python's, a size to the digits that it has.

    TypeError for what is no number, ValueError for a size of the wrong sign.
    """
    created = order.created
    size = _plain(created.size, "a size")
    if size is None or (size > 0) is not order.isbuy():
        raise ValueError(f"an order to {order.ordtypename().lower()} has the size {size}")
    size = rounded(size) or size  # a strategy that computes 7.798226 − 5 gets 2.7982259999999997
    order.size = created.size = created.remsize = order.executed.remsize = size
    created.price, created.pricelimit = _plain(created.price, "a price"), _plain(created.pricelimit, "a limit")
    created.trailamount = _plain(created.trailamount, "trailamount")
    created.trailpercent = _plain(created.trailpercent, "trailpercent")


def _plain(value: Any, what: str) -> float | None:
    if value is None or type(value) in (int, float):
        return value  # type: ignore[no-any-return]  # one of the two
    if not isinstance(value, Real):
        raise TypeError(f"{what} must be an int or a float, not {value!r}")
    return int(value) if isinstance(value, Integral) else float(value)


def refuse_unsendable(order: object, known: object) -> None:
    """NotHostedError for what `buy` and `sell` have not just made; `known` are the numbers of those they made."""
    if not isinstance(order, Native) or order.ref not in known:  # type: ignore[operator]  # a dict of Backtrader's
        raise not_hosted("an order that buy or sell has not made")
    if order.status != Native.Created:
        raise NotHostedError(f"order {order.ref} was sent before; sending it again is not hosted")
