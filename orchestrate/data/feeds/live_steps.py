"""Steps of a run as its feed brings them, for the clock that waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from orchestrate.data.feeds.counts import FeedCounts
from orchestrate.data.feeds.queue import TickQueue
from orchestrate.domain.errors import MessageError
from orchestrate.domain.market.arriving import Arrival
from orchestrate.domain.ticks.freshness import Freshness
from orchestrate.domain.ticks.steps import StepBuilder

#: Seconds after which time is looked at where no tick comes.
PATIENCE: Final = 0.05


class LiveSteps:
    """The steps that ticks of `queue` make, and those that time makes where no tick comes, until `stop` says so.

    A feed that is over has brought whole bars: the last ones are steps, too. One that is stopped has not.
    """

    def __init__(
        self,
        queue: TickQueue,
        builder: StepBuilder,
        freshness: Freshness,
        counts: FeedCounts,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._queue, self._builder, self._freshness = queue, builder, freshness
        self._counts, self._stop = counts, stop

    def __iter__(self) -> Iterator[Arrival]:
        while not self._stop():
            tick = self._queue.get(PATIENCE)
            if tick is None:
                if self._queue.is_over:
                    yield from self._builder.finish()
                    return
                yield from self._pass_time()
                continue
            self._freshness.note(tick)
            try:
                steps = self._builder.add(tick)
            except MessageError as error:
                self._counts.refuse(error)
                continue
            yield from steps

    def _pass_time(self) -> list[Arrival]:
        now = self._freshness.time()
        return [] if now is None else self._builder.advance(now)
