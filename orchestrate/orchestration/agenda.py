"""What comes next: the steps at which something has to be looked at. Nothing else knows which steps are skipped."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrate.domain.market import MarketEvent, Timeline


class Agenda:
    """Every step of the timeline, in order."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline

    def __iter__(self) -> Iterator[MarketEvent]:
        return self._timeline.events()

    def __len__(self) -> int:
        return len(self._timeline)
