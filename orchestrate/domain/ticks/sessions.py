"""Trading hours: which ticks count, and from when on bars are counted."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from orchestrate.domain.values import value

_SECOND: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_WEEKDAYS: Final = range(5)


@value
class Session:
    """The hours from `opens` to `closes`, in `zone`, of the weekdays (Monday 0) on which it opens.

    One that closes at or before the time at which it opens goes on through midnight.
    """

    opens: time
    closes: time
    zone: tzinfo = UTC
    weekdays: Collection[int] = _WEEKDAYS

    def bounds(self, t: int) -> tuple[int, int] | None:
        """Return the first nanosecond of the session at `t` and the first one after it; None while it is closed."""
        local = (_EPOCH + timedelta(seconds=t // _SECOND)).astimezone(self.zone)
        for days in (0, 1):  # one that opened yesterday may still be open
            opening = local.date() - timedelta(days)
            overnight = timedelta(self.closes <= self.opens)
            first, after = self._at(opening, self.opens), self._at(opening + overnight, self.closes)
            if opening.weekday() in self.weekdays and first <= t < after:
                return first, after
        return None

    def _at(self, day: date, clock: time) -> int:
        moment = datetime.combine(day, clock, self.zone)
        return (moment.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1) * 1000
