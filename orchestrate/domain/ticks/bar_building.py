"""Bars of one symbol from its ticks: exact while they grow, floats once they are complete."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from orchestrate.domain.errors import MessageError
from orchestrate.domain.instruments.instrument import MAX_PRECISION
from orchestrate.domain.market.stamps import EARLIEST
from orchestrate.domain.market.timeline import HistoricalDataBar
from orchestrate.domain.ticks.sessions import Session
from orchestrate.domain.ticks.tick import EXACT, Refusal, Tick

DAY: Final = 86_400_000_000_000
#: The first Monday after 1970 began, with which weeks are counted.
_MONDAY: Final = 4 * DAY


def label_at(t: int, length: int) -> int:
    """Return the start of the bar of `length` to which `t` belongs: a multiple of it in UTC, a Monday for weeks."""
    origin = _MONDAY if length % (7 * DAY) == 0 else 0
    return t - (t - origin) % length


class BarBuilder:
    """Makes bars of `length` nanoseconds, labelled at their start; an interval without a tick has no bar.

    They begin on multiples of their length in UTC, weeks on Mondays; within a `session`, from its opening on. Their
    prices have so many `decimals`, at most.
    """

    def __init__(
        self, symbol: str, length: int, session: Session | None = None, *, decimals: int = MAX_PRECISION
    ) -> None:
        if length <= 0:
            raise ValueError(f"{symbol}: a bar is longer than {length} ns")
        if session is not None and length >= DAY:
            raise ValueError(f"{symbol}: bars of a session are shorter than a day")
        self.symbol, self.length = symbol, length
        self._session, self._hours = session, (0, 0)
        self._unit = Decimal(1).scaleb(-decimals)
        self._closed = EARLIEST
        self._start: int | None = None
        self._prices: list[Decimal] = []
        self._volume = Decimal(0)

    @property
    def end(self) -> int | None:
        """The end of the bar under way; None where there is none."""
        return None if self._start is None else self._start + self.length

    def add(self, tick: Tick) -> HistoricalDataBar | None:
        """Take in the next tick; return the bar before it if that is complete now.

        MessageError for a tick outside of the session, or of a bar that was closed without it.
        """
        start = self._start_at(tick.t)
        if start + self.length <= self._closed:
            message = f"its tick at {tick.t} belongs to a bar that is over since {self._closed}"
            raise MessageError(Refusal.LATE, message, where=self.symbol)
        price = self._rounded(tick.price)
        done = None if start == self._start else self._complete()
        self._start = start
        self._grow(price, tick.volume)
        return done

    def close(self, t: int) -> HistoricalDataBar | None:
        """Return the bar under way if it ends by `t`; ticks of any bar that does are late from now on."""
        self._closed = max(self._closed, t)
        return self._complete() if self._start is not None and self._start + self.length <= t else None

    def _start_at(self, t: int) -> int:
        if self._session is None:
            return label_at(t, self.length)
        if not self._hours[0] <= t < self._hours[1]:
            hours = self._session.bounds(t)
            if hours is None:
                message = f"its tick at {t} lies outside of the session"
                raise MessageError(Refusal.OUT_OF_SESSION, message, where=self.symbol)
            self._hours = hours
        return t - (t - self._hours[0]) % self.length

    def _rounded(self, price: Decimal) -> Decimal:
        rounded = EXACT.quantize(price, self._unit)
        if not rounded:
            message = f"its price {price:g} becomes 0 when it is rounded to multiples of {self._unit:f}"
            raise MessageError(Refusal.NOT_POSITIVE, message, where=self.symbol)
        return rounded

    def _grow(self, price: Decimal, volume: Decimal) -> None:
        self._volume = EXACT.add(self._volume, volume)
        if not self._prices:
            self._prices = [price] * 4
            return
        self._prices[1], self._prices[2] = max(self._prices[1], price), min(self._prices[2], price)
        self._prices[3] = price

    def _complete(self) -> HistoricalDataBar | None:
        if self._start is None:
            return None
        opened, high, low, close = map(float, self._prices)
        bar = HistoricalDataBar(self._start, opened, high, low, close, float(self._volume), self.symbol)
        self._start, self._prices, self._volume = None, [], Decimal(0)
        return bar
