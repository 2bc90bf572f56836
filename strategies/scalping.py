"""Options at the money that are held for minutes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import datetime
from re import fullmatch
from typing import ClassVar
from zoneinfo import ZoneInfo

from option_rules import undelivered

from orchestrate import Context, HeldStructure, Leg, Parameter, Signal

UNITS = {"ms": 10**6, "s": 10**9, "m": 60 * 10**9, "min": 60 * 10**9, "h": 3600 * 10**9}
SECOND = 10**9
EXCHANGE = ZoneInfo("America/New_York")


class OptionsScalping:
    """Buys a call after a sharp rise, a put after a fall, and leaves within minutes.

    Rules
      Looks:  at the quotes of a step, if the last look is at least
              `tick_resolution` ago: a number with ms, s, min or h. Quotes
              that come faster are passed over, and with bars of minutes 1ms
              is every one.
      Entry:  the underlying has moved by `move` or more, in parts of its
              price, over `lookback` looks of this day: `num_lots` of the
              option at the money of the nearest expiry, a call after a rise
              and a put after a fall.
      Exit:   a profit or loss of `profit_target` or `stop_loss`, in parts of
              the premium at marks, or after `max_holding` looks.
      Day:    nothing is bought from `flat_at` on, New York's clock, and all
              is closed. Bars of a day end after it: they trade nothing.

    Source: momentum ignition on the quickest horizon, as in M. Gao, Y. Han,
    S. Z. Li and G. Zhou, Market Intraday Momentum, Journal of Financial
    Economics 129 (2018), taken with options; `tick_resolution` is the users'.
    """

    name = "OPTIONS_SCALPING"
    traits: ClassVar[dict[str, object]] = {
        "style": "trend",
        "direction": "both",
        "horizon": "intraday",
        "asset_class": "option",
        "data_needs": ("bid", "ask"),
    }
    parameters: ClassVar[dict[str, Parameter]] = {
        "tick_resolution": Parameter(str, help="least time between two looks: 1ms, 5s, 1min"),
        "num_lots": Parameter(int, minimum=1, help="options that are bought at once"),
        "lookback": Parameter(int, minimum=1, help="looks over which the move is measured"),
        "move": Parameter(float, minimum=0, exclusive=True, help="move that it follows, in parts of the price"),
        "profit_target": Parameter(float, minimum=0, exclusive=True, help="profit in parts of the premium"),
        "stop_loss": Parameter(float, minimum=0, exclusive=True, help="loss in parts of the premium"),
        "max_holding": Parameter(int, minimum=1, help="looks after which it leaves"),
        "flat_at": Parameter(str, help="time of day from which nothing is held, in New York"),
    }

    def __init__(
        self,
        tick_resolution: str = "1min",
        num_lots: int = 1,
        lookback: int = 5,
        move: float = 0.002,
        profit_target: float = 0.1,
        stop_loss: float = 0.1,
        max_holding: int = 15,
        flat_at: str = "15:45",
    ) -> None:
        self.resolution = nanoseconds(tick_resolution)
        self.num_lots = num_lots
        self.lookback = lookback
        self.move = move
        self.profit_target = profit_target
        self.stop_loss = stop_loss
        self.max_holding = max_holding
        self.flat_at = clock(flat_at)
        self._looked = 0
        self._today = ""
        self._age = 0
        self._spots: deque[float] = deque(maxlen=lookback + 1)

    def on_bar(self, context: Context) -> Iterator[Signal]:
        """Look, leave what is due, follow what moves."""
        if context.t - self._looked < self.resolution:
            return
        self._looked = context.t
        now = datetime.fromtimestamp(context.t // SECOND, EXCHANGE)
        self._begin(f"{now:%Y-%m-%d}")
        yield from undelivered(context)
        is_late, structures, chain = f"{now:%H:%M}" >= self.flat_at, context.structures, context.chain()
        self._spots.append(chain.spot)
        for held in structures:
            if is_late or self._is_due(held):
                yield Signal.close(held)
        self._age = self._age + 1 if structures else 0
        moved = self._spots[-1] / self._spots[0] - 1 if len(self._spots) > self.lookback else 0.0
        if structures or is_late or abs(moved) < self.move:
            return
        bought = chain.nearest(0).pick("call" if moved > 0 else "put", moneyness=1.0)
        if bought:
            yield Signal.structure([Leg(bought)], self.num_lots)

    def _begin(self, today: str) -> None:
        """Forget what was seen on another day."""
        if today != self._today:
            self._today = today
            self._spots.clear()

    def _is_due(self, held: HeldStructure) -> bool:
        won = held.profit / held.debit if held.debit > 0 else 0.0
        return won >= self.profit_target or won <= -self.stop_loss or self._age + 1 >= self.max_holding


def nanoseconds(text: str) -> int:
    """Return a duration such as 1ms, 5s or 1min; ValueError for anything else."""
    match = fullmatch(r"(\d+)(ms|s|m|min|h)", text)
    if match is None or not int(match[1]):
        raise ValueError(f"tick_resolution is a number with ms, s, min or h, such as 1ms, not {text!r}")
    return int(match[1]) * UNITS[match[2]]


def clock(text: str) -> str:
    """Return a time of day such as 15:45; ValueError for anything else."""
    if not fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise ValueError(f"flat_at is a time of day such as 15:45, not {text!r}")
    return text
