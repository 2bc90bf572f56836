"""Steps of a run from the ticks of all its symbols: each is the end of at least one bar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from orchestrate.domain.errors import MessageError
from orchestrate.domain.instruments.instrument import MAX_PRECISION
from orchestrate.domain.market.arriving import Arrival
from orchestrate.domain.market.stamps import EARLIEST, LATEST
from orchestrate.domain.market.timeline import NEVER, HistoricalDataBar
from orchestrate.domain.ticks.bar_building import BarBuilder
from orchestrate.domain.ticks.sessions import Session
from orchestrate.domain.ticks.tick import Refusal, Tick

_MILLISECOND: Final = 1_000_000
_NONE: Final[Mapping[str, int]] = MappingProxyType({})
_ALWAYS: Final[Mapping[str, Session]] = MappingProxyType({})


class StepBuilder:
    """Makes the steps of bars of these `lengths` (nanoseconds by symbol).

    A step is ready when each symbol has a tick past the end of its bars, or when the newest tick of any is `grace` past
    it; `advance` says that time has passed without a tick. Bars that began before the first tick of all are left out as
    unfinished. Prices have so many `decimals` by symbol. `last` are the labels of the last bars of symbols, where the
    feed knows them.
    """

    def __init__(
        self,
        lengths: Mapping[str, int],
        *,
        grace: int = 0,
        sessions: Mapping[str, Session] = _ALWAYS,
        last: Mapping[str, int] = _NONE,
        decimals: Mapping[str, int] = _NONE,
    ) -> None:
        self._builders = {
            symbol: BarBuilder(symbol, length, sessions.get(symbol), decimals=decimals.get(symbol, MAX_PRECISION))
            for symbol, length in lengths.items()
        }
        self._grace, self._last = grace, last
        self._stamped_at_start = len({*lengths.values()}) == 1
        self._seen = dict.fromkeys(lengths, EARLIEST - 1)
        self._newest, self._due = EARLIEST - 1, NEVER
        self._waiting: dict[int, dict[str, HistoricalDataBar]] = {}
        self._began: int | None = None
        self.unfinished = 0

    def add(self, tick: Tick) -> list[Arrival]:
        """Take in a tick; return the steps that are ready. MessageError for one that can be in no bar any more."""
        builder = self._builders.get(tick.symbol)
        if builder is None:
            raise MessageError(Refusal.UNKNOWN_SYMBOL, "no strategy trades it", where=tick.symbol)
        if self._began is None:
            self._began = tick.t
        done = builder.add(tick)
        if done is not None:
            self._keep(done)
        self._due = min(self._due, builder.end or NEVER)
        self._seen[tick.symbol] = tick.t
        self._newest = max(self._newest, tick.t)
        if self._newest < self._due:
            return []
        return self._release(max(min(self._seen.values()), self._newest - self._grace))

    def advance(self, t: int) -> list[Arrival]:
        """Return the steps that are ready because it is `t` by now, whatever has not come."""
        return [] if t - self._grace < self._due else self._release(t - self._grace)

    def finish(self) -> list[Arrival]:
        """Return all steps that are left; the feed has said that nothing follows."""
        return self._release(LATEST)

    def _keep(self, bar: HistoricalDataBar) -> None:
        assert self._began is not None
        if bar.timestamp < self._began:
            self.unfinished += 1
            return
        self._waiting.setdefault(self._end(bar), {})[bar.symbol] = bar

    def _end(self, bar: HistoricalDataBar) -> int:
        return bar.timestamp + self._builders[bar.symbol].length

    def _release(self, bound: int) -> list[Arrival]:
        """Return the steps that end by `bound`, oldest first."""
        for builder in self._builders.values():
            done = builder.close(bound)
            if done is not None:
                self._keep(done)
        ready = sorted(end for end in self._waiting if end <= bound)
        steps = [self._step(end, self._waiting.pop(end)) for end in ready]
        under_way = [builder.end for builder in self._builders.values() if builder.end is not None]
        self._due = min([*self._waiting, *under_way], default=NEVER)
        return steps

    def _step(self, end: int, bars: dict[str, HistoricalDataBar]) -> Arrival:
        """Return one step, stamped as steps of stored bars are: by label where all bars are of one length."""
        ordered = {symbol: bars[symbol] for symbol in self._builders if symbol in bars}
        stamp = next(iter(ordered.values())).timestamp if self._stamped_at_start else end - _MILLISECOND
        ending = tuple(symbol for symbol, bar in ordered.items() if self._last.get(symbol) == bar.timestamp)
        return Arrival(stamp, ordered, ending)


def steps_of(ticks: Iterable[Tick], builder: StepBuilder) -> Iterator[Arrival]:
    """Yield the steps of ticks that end with the last one; MessageError for one that can be in no bar."""
    for tick in ticks:
        yield from builder.add(tick)
    yield from builder.finish()
