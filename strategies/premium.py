"""Premium that is sold on both sides of the market, with wings or without."""

from __future__ import annotations

from typing import ClassVar

from option_rules import Exits, OneAtATime

from orchestrate import Context, Parameter, Structure, iron_condor, strangle


class IronCondor(OneAtATime):
    """Sells a put and a call out of the money and buys wings beyond, again and again.

    Rules
      Entry:  at the first step with no condor: `num_lots` of the expiry that
              is nearest to `dte` days away. Sold are the put and the call
              whose deltas are nearest to `delta` (without sign), bought those
              whose strikes are nearest to `wing` times the underlying's price
              further out.
      Exit:   at `profit_target` of the credit, at a loss of `stop_loss` times
              the credit (both at marks), or with less than `exit_dte` days to
              expiry.
      Expiry: in the money, it is settled; what is delivered is closed at the
              next open.

    Source: the iron condor of the trade; to sell about 45 days out and to
    leave at half of the credit or at 21 days is what the research of
    tastytrade made popular.
    """

    name = "IRON_CONDOR"
    traits: ClassVar[dict[str, object]] = {
        "style": "premium",
        "direction": "both",
        "horizon": "weeks",
        "asset_class": "option",
        "data_needs": ("bid", "ask"),
    }
    parameters: ClassVar[dict[str, Parameter]] = {
        "num_lots": Parameter(int, minimum=1, help="condors that are opened at once"),
        "dte": Parameter(int, minimum=1, maximum=1100, help="days to the expiry that is sold"),
        "delta": Parameter(float, minimum=0, maximum=1, exclusive=True, help="delta of what is sold, without sign"),
        "wing": Parameter(float, minimum=0, maximum=1, exclusive=True, help="width of a wing, in parts of the price"),
        "profit_target": Parameter(float, minimum=0, exclusive=True, help="share of the credit at which it leaves"),
        "stop_loss": Parameter(float, minimum=0, exclusive=True, help="multiple of the credit that it loses at most"),
        "exit_dte": Parameter(float, minimum=0, help="days to expiry below which it leaves; 0: never"),
    }
    relations = ("exit_dte < dte",)

    def __init__(
        self,
        num_lots: int = 1,
        dte: int = 45,
        delta: float = 0.2,
        wing: float = 0.05,
        profit_target: float = 0.5,
        stop_loss: float = 2.0,
        exit_dte: float = 21.0,
    ) -> None:
        self.num_lots = num_lots
        self.dte = dte
        self.delta = delta
        self.wing = wing
        self.exits = Exits(profit_target, stop_loss, exit_dte)

    def opened(self, context: Context) -> Structure | None:
        """Return a condor about the price of now."""
        chain = context.chain().nearest(self.dte)
        put, call = chain.pick("put", delta=self.delta), chain.pick("call", delta=self.delta)
        if put is None or call is None or put.strike >= call.strike:
            return None
        width = self.wing * chain.spot
        low = chain.pick("put", width_from=put, width=width)
        high = chain.pick("call", width_from=call, width=width)
        return iron_condor(low, put, call, high, self.num_lots) if low and high else None


class Strangle(OneAtATime):
    """Sells a put and a call out of the money, again and again.

    Rules
      Entry:  at the first step with no strangle: `num_lots` of the expiry
              that is nearest to `dte` days away. Sold are the put and the
              call whose deltas are nearest to `delta`, without sign.
      Exit:   at `profit_target` of the credit, at a loss of `stop_loss` times
              the credit (both at marks), or with less than `exit_dte` days to
              expiry.
      Expiry: in the money, it is settled; what is delivered is closed at the
              next open.
      Its loss has no bound; margin is that of naked options.

    Source: the short strangle of the trade; to sell about 45 days out and to
    leave at half of the credit or at 21 days is what the research of
    tastytrade made popular.
    """

    name = "STRANGLE"
    traits: ClassVar[dict[str, object]] = {
        "style": "premium",
        "direction": "both",
        "horizon": "weeks",
        "asset_class": "option",
        "data_needs": ("bid", "ask"),
    }
    parameters: ClassVar[dict[str, Parameter]] = {
        "num_lots": Parameter(int, minimum=1, help="strangles that are sold at once"),
        "dte": Parameter(int, minimum=1, maximum=1100, help="days to the expiry that is sold"),
        "delta": Parameter(float, minimum=0, maximum=1, exclusive=True, help="delta of both options, without sign"),
        "profit_target": Parameter(float, minimum=0, exclusive=True, help="share of the credit at which it leaves"),
        "stop_loss": Parameter(float, minimum=0, exclusive=True, help="multiple of the credit that it loses at most"),
        "exit_dte": Parameter(float, minimum=0, help="days to expiry below which it leaves; 0: never"),
    }
    relations = ("exit_dte < dte",)

    def __init__(
        self,
        num_lots: int = 1,
        dte: int = 45,
        delta: float = 0.16,
        profit_target: float = 0.5,
        stop_loss: float = 2.0,
        exit_dte: float = 21.0,
    ) -> None:
        self.num_lots = num_lots
        self.dte = dte
        self.delta = delta
        self.exits = Exits(profit_target, stop_loss, exit_dte)

    def opened(self, context: Context) -> Structure | None:
        """Return a strangle about the price of now."""
        chain = context.chain().nearest(self.dte)
        put, call = chain.pick("put", delta=self.delta), chain.pick("call", delta=self.delta)
        if put is None or call is None or put.strike >= call.strike:
            return None
        return strangle(put, call, self.num_lots, sold=True)
