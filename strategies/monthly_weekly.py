"""Premium of monthly options that is sold, against weekly options that are bought."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from option_rules import Exits, undelivered

from orchestrate import Context, HeldStructure, Parameter, Signal, Structure, strangle

WEEK = 7 * 86_400 * 10**9
MONTHLY, HEDGE = "monthly", "hedge"


class MonthlyWeeklyHedge:
    """Sells a strangle a month out each week, hedged by a weekly one further out.

    Rules
      Entry:  while fewer than `max_positions` monthly strangles are held, and
              a week after the last one: `num_lots` of the expiry nearest to
              `dte` days away, the put and the call whose deltas are nearest
              to `delta`, without sign.
      Hedge:  for each monthly strangle as many weekly ones are held: of the
              expiry nearest to `hedge_dte` days away and before that of the
              month, with deltas nearest to `hedge_delta`. One that expires is
              replaced at the next step, one too many is sold.
      Exit:   of a monthly strangle at `profit_target` of its credit, at a
              loss of `stop_loss` times the credit (both at marks), or with
              less than `exit_dte` days to expiry.
      Expiry: in the money, it is settled; what is delivered is closed at the
              next open.
      A weekly option ends before a monthly one, and so takes nothing off its
      margin.

    Source: the users' options strategy of that name, whose `num_lots` and
    `max_positions` it has; the rest is the calendar hedge of the trade.
    """

    name = "OPTIONS_MONTHLY_WEEKLY_HEDGE"
    traits: ClassVar[dict[str, object]] = {
        "style": "premium",
        "direction": "both",
        "horizon": "weeks",
        "asset_class": "option",
        "data_needs": ("bid", "ask"),
    }
    parameters: ClassVar[dict[str, Parameter]] = {
        "num_lots": Parameter(int, minimum=1, help="strangles of a position, and of its hedge"),
        "max_positions": Parameter(int, minimum=1, help="monthly strangles held at most"),
        "dte": Parameter(int, minimum=8, maximum=1100, help="days to the expiry that is sold"),
        "delta": Parameter(float, minimum=0, maximum=1, exclusive=True, help="delta of what is sold, without sign"),
        "hedge_dte": Parameter(int, minimum=1, maximum=1100, help="days to the expiry that is bought"),
        "hedge_delta": Parameter(float, minimum=0, maximum=1, exclusive=True, help="delta of what is bought"),
        "profit_target": Parameter(float, minimum=0, exclusive=True, help="share of the credit at which it leaves"),
        "stop_loss": Parameter(float, minimum=0, exclusive=True, help="multiple of the credit that it loses at most"),
        "exit_dte": Parameter(float, minimum=0, help="days to expiry below which it leaves; 0: never"),
    }
    relations = ("hedge_dte < dte", "exit_dte < dte")

    def __init__(
        self,
        num_lots: int = 1,
        max_positions: int = 1,
        dte: int = 30,
        delta: float = 0.2,
        hedge_dte: int = 7,
        hedge_delta: float = 0.1,
        profit_target: float = 0.5,
        stop_loss: float = 2.0,
        exit_dte: float = 7.0,
    ) -> None:
        self.num_lots = num_lots
        self.max_positions = max_positions
        self.dte = dte
        self.delta = delta
        self.hedge_dte = hedge_dte
        self.hedge_delta = hedge_delta
        self.exits = Exits(profit_target, stop_loss, exit_dte)

    def on_bar(self, context: Context) -> Iterator[Signal]:
        """Close what is due, sell the next month, then hold as many hedges as months."""
        yield from undelivered(context)
        structures = context.structures
        months = [held for held in structures if held.tag == MONTHLY]
        hedges = [held for held in structures if held.tag == HEDGE]
        due = [held for held in months if self.exits.is_due(held)]
        yield from map(Signal.close, due)
        kept = [held for held in months if held not in due]
        yield from map(Signal.close, hedges[len(kept) :])
        if len(hedges) < len(kept) and (hedge := self._hedge(context, kept)):
            yield Signal.structure(hedge)
        if self._sells(context, months) and (month := self._month(context)):
            yield Signal.structure(month)

    def _sells(self, context: Context, months: list[HeldStructure]) -> bool:
        newest = max((held.opened for held in months), default=0)
        return len(months) < self.max_positions and context.t - newest >= WEEK

    def _month(self, context: Context) -> Structure | None:
        chain = context.chain().nearest(self.dte)
        put, call = chain.pick("put", delta=self.delta), chain.pick("call", delta=self.delta)
        if put is None or call is None or put.strike >= call.strike:
            return None
        return strangle(put, call, self.num_lots, MONTHLY, sold=True)

    def _hedge(self, context: Context, months: list[HeldStructure]) -> Structure | None:
        chain = context.chain().nearest(self.hedge_dte)
        put, call = chain.pick("put", delta=self.hedge_delta), chain.pick("call", delta=self.hedge_delta)
        if put is None or call is None or put.strike >= call.strike or chain.dte[0] < 1:
            return None
        if chain.dte[0] >= max(held.dte for held in months):
            return None
        return strangle(put, call, self.num_lots, HEDGE)
