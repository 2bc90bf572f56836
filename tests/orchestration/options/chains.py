"""A chain that a person can check: daily quotes of a few strikes, four cents wide around intrinsic and time value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from orchestrate.domain.market.timeline import Market
from orchestrate.domain.options.chain import Chain, Contracts
from orchestrate.domain.options.contract import Delivery, OptionContract, Right
from orchestrate.domain.options.view import Terms
from tests.engines.builders import DAY, market_of, series

#: By day, right and strike, what a quote is instead of the usual: (bid, ask); NaN on both sides for none.
Quotes = Mapping[tuple[int, Right, float], tuple[float, float]]


def options_market(
    closes: Sequence[float],
    strikes: Sequence[float] = (90, 95, 100, 105, 110),
    *,
    expires: int = -1,
    delivery: Delivery = "cash",
    quoted: Quotes | None = None,
) -> Market:
    """A market of `X` and its chain `XO`, whose contracts expire on the day `expires`."""
    underlying = series("X", [(close, close) for close in closes])
    expiry = int(underlying.available_at[expires])
    pairs = [(float(strike), right) for strike in strikes for right in ("call", "put")]
    own = np.array([strike for strike, _ in pairs]), np.array([right == "call" for _, right in pairs])
    contracts = Contracts(np.full(len(pairs), expiry // DAY), np.full(len(pairs), expiry), *own)
    terms = Terms("XO", "X", "european", 100.0, delivery)
    quotes = [
        (quoted or {}).get((day, right, strike)) or _quote(close, strike, right, len(closes) - day)
        for day, close in enumerate(closes)
        for strike, right in pairs
    ]
    bid, ask = (np.array(side) for side in zip(*quotes, strict=True))
    there = ~(np.isnan(bid) & np.isnan(ask))
    starts = np.concatenate([[0], np.cumsum(there.reshape(len(closes), len(pairs)).sum(axis=1))])
    places = np.tile(np.arange(len(pairs), dtype=np.int32), len(closes))[there]
    bid, ask = bid[there], ask[there]
    moments = underlying.available_at.copy()
    chain = Chain(
        "XO", terms, contracts, moments, moments, starts, places, {"bid": bid, "ask": ask}, np.array(closes), DAY
    )
    market = market_of(underlying, series("XO", [(close, close) for close in closes]))
    return replace(market, chains={"XO": chain}).with_room()


def _quote(close: float, strike: float, right: Right, days: int) -> tuple[float, float]:
    """Two cents on each side of intrinsic value and ten cents of time value a day, less for each point away."""
    distance = close - strike if right == "call" else strike - close
    mid = max(distance, 0.0) + max(0.1 * days - 0.01 * abs(close - strike), 0.05)
    return round(mid - 0.02, 2), round(mid + 0.02, 2)


def contract(market: Market, right: Right, strike: float) -> OptionContract:
    """A contract of the chain."""
    chain = market.chains["XO"]
    expiry = int(chain.contracts.expiry[0])
    return chain.terms.contract(right, float(strike), expiry, expiry // DAY)
