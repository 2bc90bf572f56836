"""The published index strategies of the options exchange in Chicago: what a month of options brings, rolled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final, Literal

from option_rules import front_month, lots_at_risk, undelivered

from orchestrate import (
    ChainView,
    Context,
    Leg,
    OptionContract,
    Parameter,
    Signal,
    Structure,
    covered_call,
    iron_butterfly,
    iron_condor,
)

Right = Literal["call", "put"]
#: Right and delta, or strike as a share of the price, of what is bought below, sold, sold, and bought above.
DELTAS: Final[tuple[tuple[Right, float], ...]] = (("put", 0.05), ("put", 0.2), ("call", 0.2), ("call", 0.05))
SHARES: Final[tuple[tuple[Right, float], ...]] = (("put", 0.95), ("put", 1.0), ("call", 1.0), ("call", 1.05))


class Monthly:
    """Holds a structure of the front month to its expiry, and opens the next at the first step after it."""

    def of_month(self, chain: ChainView, context: Context) -> Structure | None:
        """Return what is held of a month, None for nothing."""
        raise NotImplementedError

    def on_bar(self, context: Context) -> Iterator[Signal]:
        """Open the month, where none is held."""
        yield from undelivered(context)
        if not context.structures and (structure := _next_month(self, context)):
            yield Signal.structure(structure)


class CboePut(Monthly):
    """Sells the put at the money each month, with the cash to be assigned.

    Rules
      Expiry: the next third Friday (or what the exchange has in its place).
      Strike: the highest one that is not above the underlying's price.
      Size:   the equity by what the strikes would cost, in whole contracts.
      Held to expiry; the next month is sold at the first step after it, where
      the index does so on that morning. Shares that are put are sold at the
      next open. The cash bears what the account pays on it.

    Source: Cboe S&P 500 PutWrite Index (PUT), its published methodology.
    """

    name = "CBOE_PUT"
    traits: ClassVar[dict[str, object]] = {
        "style": "premium",
        "direction": "long",
        "horizon": "months",
        "asset_class": "option",
        "data_needs": ("bid", "ask"),
    }

    def of_month(self, chain: ChainView, context: Context) -> Structure | None:
        """Return the puts that the equity could pay for."""
        put = _beside_money(chain, "put")
        lots = int(context.equity // (put.strike * put.multiplier)) if put else 0
        return Structure((Leg(put, -1),), lots) if put and lots > 0 else None


class CboeBxm:
    """Holds the underlying and sells the call at the money on it each month.

    Rules
      Shares: bought with the first call, as many as the equity pays for in
              whole contracts, and kept; again if they are called away.
      Expiry: the next third Friday (or what the exchange has in its place).
      Strike: the lowest one that is not below the underlying's price.
      Held to expiry; the next month is sold at the first step after it, where
      the index does so on that morning. Needs bars of the underlying.

    Source: Cboe S&P 500 BuyWrite Index (BXM), its published methodology;
    R. Whaley, Return and Risk of CBOE Buy Write Monthly Index, Journal of
    Derivatives 10 (2002).
    """

    name = "CBOE_BXM"
    traits: ClassVar[dict[str, object]] = {
        "style": "premium",
        "direction": "long",
        "horizon": "months",
        "asset_class": "option",
        "data_needs": ("bid", "ask"),
    }

    def on_bar(self, context: Context) -> Iterator[Signal]:
        """Sell the month, where none is sold."""
        if not context.structures and (structure := _next_month(self, context)):
            yield Signal.structure(structure)

    def of_month(self, chain: ChainView, context: Context) -> Structure | None:
        """Return calls on what is held, else shares with calls on them."""
        call, shares = _beside_money(chain, "call"), chain.terms.underlying
        if shares not in context.symbols:
            raise ValueError(f"CBOE_BXM holds {shares}: give its bars in data")
        if call is None:
            return None
        position = context.position(shares)
        covered = int(position.quantity // call.multiplier) if position else 0
        if covered > 0:
            return Structure((Leg(call, -1),), covered)
        lots = int(context.equity // (chain.spot * call.multiplier))
        return covered_call(call, shares, lots) if lots > 0 else None


class CboeCndr(Monthly):
    """Sells an iron condor each month, and may lose a tenth of its equity by it.

    Rules
      Expiry: the next third Friday (or what the exchange has in its place).
      Legs:   sold are the put and the call whose deltas are nearest to 0.20
              without sign, bought those nearest to 0.05.
      Size:   as many as lose at most `risk` of the equity at expiry.
      Held to expiry; the next month is sold at the first step after it, where
      the index does so on that morning.

    Source: after the Cboe S&P 500 Iron Condor Index (CNDR); `risk` is ours.
    """

    name = "CBOE_CNDR"
    traits: ClassVar[dict[str, object]] = {
        "style": "premium",
        "direction": "both",
        "horizon": "months",
        "asset_class": "option",
        "data_needs": ("bid", "ask"),
    }
    parameters: ClassVar[dict[str, Parameter]] = {
        "risk": Parameter(float, minimum=0, maximum=1, exclusive=True, help="share of equity that a month may lose"),
    }

    def __init__(self, risk: float = 0.1) -> None:
        self.risk = risk

    def of_month(self, chain: ChainView, context: Context) -> Structure | None:
        """Return condors by their deltas."""
        legs = [leg for right, delta in DELTAS if (leg := chain.pick(right, delta=delta))]
        return _sized(chain, legs, context.equity * self.risk)


class CboeBfly(Monthly):
    """Sells the monthly straddle at the money, and buys wings of 5%.

    Rules
      Expiry: the next third Friday (or what the exchange has in its place).
      Legs:   sold are the put and the call whose strike is nearest to the
              underlying's price, bought the put nearest to 95% of it and the
              call nearest to 105%.
      Size:   as many as lose at most `risk` of the equity at expiry.
      Held to expiry; the next month is sold at the first step after it, where
      the index does so on that morning.

    Source: after the Cboe S&P 500 Iron Butterfly Index (BFLY); `risk` is ours.
    """

    name = "CBOE_BFLY"
    traits: ClassVar[dict[str, object]] = {
        "style": "premium",
        "direction": "both",
        "horizon": "months",
        "asset_class": "option",
        "data_needs": ("bid", "ask"),
    }
    parameters: ClassVar[dict[str, Parameter]] = {
        "risk": Parameter(float, minimum=0, maximum=1, exclusive=True, help="share of equity that a month may lose"),
    }

    def __init__(self, risk: float = 0.1) -> None:
        self.risk = risk

    def of_month(self, chain: ChainView, context: Context) -> Structure | None:
        """Return butterflies about the price of now."""
        legs = [leg for right, share in SHARES if (leg := chain.pick(right, moneyness=share))]
        return _sized(chain, legs, context.equity * self.risk)


def _next_month(strategy: Monthly | CboeBxm, context: Context) -> Structure | None:
    month = front_month(context.chain())
    return strategy.of_month(month, context) if month else None


def _beside_money(chain: ChainView, right: Right) -> OptionContract | None:
    """Return the put that is at the money or next out of it, or such a call."""
    strikes = chain.strike
    out = strikes[strikes <= chain.spot] if right == "put" else strikes[strikes >= chain.spot]
    if not len(out):
        return None
    return chain.pick(right, strike=float(out.max() if right == "put" else out.min()))


def _sized(chain: ChainView, legs: list[OptionContract], money: float) -> Structure | None:
    """Return as many condors or butterflies as may lose `money`; None where strikes don't rise."""
    if len(legs) < 4:
        return None
    low, put, call, high = legs
    if not (low.strike < put.strike <= call.strike < high.strike):
        return None
    make = iron_butterfly if put.strike == call.strike else iron_condor
    one = make(low, put, call, high)
    lots = lots_at_risk(chain, one, money)
    return one.times(lots) if lots else None
