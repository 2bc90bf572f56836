"""Spreads of two calls or two puts: a view on direction whose loss is known beforehand."""

from __future__ import annotations

from typing import ClassVar, Literal

from option_rules import Exits, OneAtATime

from orchestrate import Context, Parameter, Structure, vertical


class DebitSpread(OneAtATime):
    """Buys an option and sells one further out of the money."""

    right: ClassVar[Literal["call", "put"]]
    parameters: ClassVar[dict[str, Parameter]] = {
        "num_lots": Parameter(int, minimum=1, help="spreads that are opened at once"),
        "dte": Parameter(int, minimum=1, maximum=1100, help="days to the expiry that is bought"),
        "delta": Parameter(float, minimum=0, maximum=1, exclusive=True, help="delta of what is bought, without sign"),
        "short_delta": Parameter(float, minimum=0, maximum=1, exclusive=True, help="delta of what is sold"),
        "profit_target": Parameter(
            float, minimum=0, exclusive=True, help="share of the greatest profit at which it leaves"
        ),
        "stop_loss": Parameter(float, minimum=0, exclusive=True, help="share of the debit that it loses at most"),
        "exit_dte": Parameter(float, minimum=0, help="days to expiry below which it leaves; 0: never"),
    }
    relations = ("short_delta < delta", "exit_dte < dte")

    def __init__(
        self,
        num_lots: int = 1,
        dte: int = 45,
        delta: float = 0.5,
        short_delta: float = 0.25,
        profit_target: float = 0.5,
        stop_loss: float = 0.5,
        exit_dte: float = 7.0,
    ) -> None:
        self.num_lots = num_lots
        self.dte = dte
        self.delta = delta
        self.short_delta = short_delta
        self.exits = Exits(profit_target, stop_loss, exit_dte)

    def opened(self, context: Context) -> Structure | None:
        """Return the spread of the expiry that is nearest."""
        chain = context.chain().nearest(self.dte)
        bought, sold = chain.pick(self.right, delta=self.delta), chain.pick(self.right, delta=self.short_delta)
        if bought is None or sold is None or bought.strike == sold.strike:
            return None
        return vertical(bought, sold, self.num_lots)


class BullCallSpread(DebitSpread):
    """Buys a call and sells a higher one of the same expiry, again and again.

    Rules
      Entry:  at the first step with no spread: `num_lots` spreads of the
              expiry that is nearest to `dte` days away. Bought is the call
              whose delta is nearest to `delta`, sold the one nearest to
              `short_delta`.
      Exit:   at `profit_target` of the greatest profit, at a loss of
              `stop_loss` of the debit (both at marks), or with less than
              `exit_dte` days to expiry.
      Expiry: in the money, it is settled; shares that are delivered are
              sold at the next open.

    Source: the debit call spread of L. G. McMillan, Options as a Strategic
    Investment (1980 and later).
    """

    name = "BULL_CALL_SPREAD"
    right = "call"
    traits: ClassVar[dict[str, object]] = {
        "style": "trend",
        "direction": "long",
        "horizon": "weeks",
        "asset_class": "option",
        "data_needs": ("bid", "ask"),
    }


class BearPutSpread(DebitSpread):
    """Buys a put and sells a lower one of the same expiry, again and again.

    Rules
      Entry:  at the first step with no spread: `num_lots` spreads of the
              expiry that is nearest to `dte` days away. Bought is the put
              whose delta is nearest to `delta`, sold the one nearest to
              `short_delta`, both without their sign.
      Exit:   at `profit_target` of the greatest profit, at a loss of
              `stop_loss` of the debit (both at marks), or with less than
              `exit_dte` days to expiry.
      Expiry: in the money, it is settled; shares that are delivered are
              bought back at the next open.

    Source: the debit put spread of L. G. McMillan, Options as a Strategic
    Investment (1980 and later).
    """

    name = "BEAR_PUT_SPREAD"
    right = "put"
    traits: ClassVar[dict[str, object]] = {
        "style": "trend",
        "direction": "short",
        "horizon": "weeks",
        "asset_class": "option",
        "data_needs": ("bid", "ask"),
    }
