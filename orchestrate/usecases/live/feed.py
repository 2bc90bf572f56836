"""A feed of ticks as the market of a run: what it subscribes, what its bars are like, and when it is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Final, Self

from orchestrate.data.alignment import align
from orchestrate.data.feeds.counts import FeedCounts
from orchestrate.data.feeds.formats import FORMATS
from orchestrate.data.feeds.live_steps import LiveSteps
from orchestrate.data.feeds.queue import CAPACITY, OnOverflow, TickQueue
from orchestrate.data.feeds.receiver import Receiver, Source
from orchestrate.data.loading import periods_by_symbol
from orchestrate.data.precision import instrument_of
from orchestrate.domain.errors import DataError
from orchestrate.domain.instruments.instrument import MAX_PRECISION, Instrument
from orchestrate.domain.market.arriving import MarketBuffer
from orchestrate.domain.market.digests import data_hash
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.plan import InstrumentPlan, RunPlan
from orchestrate.domain.results import Finding
from orchestrate.domain.ticks.freshness import Freshness
from orchestrate.domain.ticks.steps import StepBuilder
from orchestrate.domain.ticks.tick import Tick
from orchestrate.orchestration.loop.clock import FeedClock

_SECOND: Final = 1_000_000_000
_MINUTE: Final = 60 * _SECOND
_YEAR: Final = 365.25 * 86_400 * _SECOND
_PATIENCE: Final = 0.05


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """How ticks come, and the bars that are made of them.

    `layout` is one of `FORMATS`; `names` are the feed's for our symbols, where they differ. Bars are `length`
    nanoseconds long and are complete `grace` after their end at the latest. There is room for `room` steps, and for
    `waiting` ticks. `speed` is how many times faster than ours the feed's clock goes.
    """

    layout: str = "topic_json"
    names: Mapping[str, str] = field(default_factory=dict)
    length: int = _MINUTE
    grace: int = _SECOND
    room: int = 100_000
    waiting: int = CAPACITY
    on_overflow: OnOverflow = "halt"
    speed: float = 1.0

    def name(self, symbol: str) -> str:
        """Return what the feed calls a symbol."""
        return self.names.get(symbol, symbol)


def symbols_of(plan: RunPlan) -> tuple[str, ...]:
    """Return what a plan needs ticks of: the symbols of its data and strategies, and its benchmark."""
    own = [*plan.data, *(symbol for strategy in plan.strategies for symbol in strategy.symbols)]
    return tuple(dict.fromkeys([*own, *([plan.benchmark] if plan.benchmark else [])]))


class LiveFeed:
    """Ticks of `source` as the market of a plan, from entering on until the source is over or `stop` says so."""

    def __init__(
        self,
        source: Source,
        plan: RunPlan,
        settings: FeedSettings,
        *,
        now: Callable[[], int] = time.time_ns,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.counts = FeedCounts()
        self._plan, self._settings, self._stop = plan, settings, stop
        self._instruments = {symbol: _instrument(plan, symbol) for symbol in symbols_of(plan)}
        self.freshness = Freshness(self._instruments, time.monotonic, speed=settings.speed)
        self._queue = TickQueue(self.counts, settings.waiting, settings.on_overflow)
        ours = {settings.name(symbol): symbol for symbol in self._instruments}
        self.receiver = Receiver(source, FORMATS[settings.layout], ours, self._queue, self.counts, now)
        self._builder = StepBuilder(
            dict.fromkeys(self._instruments, settings.length),
            grace=settings.grace,
            decimals={symbol: one.precision for symbol, one in self._instruments.items()},
        )
        self._buffer: MarketBuffer | None = None

    def __enter__(self) -> Self:
        self.receiver.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.receiver.__exit__(kind, error, at)

    def market(self) -> Market:
        """Return the market that will arrive, once its first tick has; DataError if none does."""
        settings, first = self._settings, self._first_tick()
        lengths = dict.fromkeys(self._instruments, settings.length)
        self._buffer = MarketBuffer(self._instruments, lengths, start=first.t, capacity=settings.room)
        year = self._plan.periods_per_year or _YEAR / settings.length
        periods = dict.fromkeys(("", *self._instruments), year)
        return replace(self._buffer.market, periods_per_year=periods, currency=self._plan.capital.currency)

    def clock(self) -> FeedClock:
        """Return the clock whose steps are those of the feed."""
        assert self._buffer is not None, "the market comes first"
        return FeedClock(self._buffer, LiveSteps(self._queue, self._builder, self.freshness, self.counts, self._stop))

    def stored(self) -> Market:
        """Return the market that has arrived, as if it had been loaded; DataError where a symbol has no bar."""
        assert self._buffer is not None, "the market comes first"
        series = self._buffer.series()
        missing = [symbol for symbol in self._instruments if symbol not in series]
        if missing:
            raise DataError(f"no bar was complete of {', '.join(missing)}", where="feed", hint=self._causes(missing))
        timeline = align(series)
        return Market(
            series,
            self._instruments,
            timeline,
            data_hash=data_hash(series),
            periods_per_year=periods_by_symbol(series, timeline, self._instruments, self._plan.periods_per_year),
            currency=self._plan.capital.currency,
        )

    def findings(self) -> Iterator[Finding]:
        """Yield what a reader should know of the feed: what was refused, dropped, missed, or can't be known."""
        for reason, count in self.counts.refused.items():
            yield Finding("warning", "feed", f"messages were refused: {reason}", count)
        if self.counts.dropped:
            yield Finding(
                "warning", "feed", "ticks were dropped: strategies are slower than the feed", self.counts.dropped
            )
        sequences = self.receiver.sequences.items()
        for symbol, sequence in sequences:
            if sequence.missed:
                yield Finding("warning", symbol, "ticks are missing, by their numbers", sequence.missed)
        unknown = [symbol for symbol, sequence in sequences if sequence.accepted and sequence.missed is None]
        if unknown:
            message = f"ticks of {', '.join(unknown)} have no 'seq': loss can't be detected"
            yield Finding("info", "feed", message)

    def _first_tick(self) -> Tick:
        while not self._stop() and not self._queue.is_over:
            tick = self._queue.peek(_PATIENCE)
            if tick is not None:
                return tick
        raise DataError("no tick has come", where="feed", hint=self._causes(self._instruments))

    def _causes(self, symbols: Iterable[str]) -> str:
        """Return what may be wrong with a feed that brings nothing."""
        if self.counts.refused:
            refused = ", ".join(f"{count} {reason}" for reason, count in self.counts.refused.items())
            return f"of {self.counts.received} messages were refused: {refused}"
        layout = FORMATS[self._settings.layout]
        topics = ", ".join(repr(layout.topic(self._settings.name(symbol)).decode()) for symbol in symbols)
        return f"is the publisher running? it is subscribed as {topics}, and expected to send {layout.description}"


def _instrument(plan: RunPlan, symbol: str) -> Instrument:
    """Return a symbol's instrument; without data, its prices have as many decimals as an instrument can have."""
    given = plan.instruments.get(symbol) or InstrumentPlan(symbol)
    if given.precision is None:
        given = replace(given, precision=MAX_PRECISION)
    return instrument_of(given, (), plan.capital.currency)
