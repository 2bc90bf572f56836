"""Chains without a vendor: quotes made from the closes of any underlying."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import floor, log10
from typing import TYPE_CHECKING, Final

import numpy as np

from orchestrate.data.calendar import DAY
from orchestrate.data.options.assembly import assemble
from orchestrate.data.options.quotes import Codes, Quotes, Source
from orchestrate.data.options.roots import Root, expiry_of
from orchestrate.data.options.sessions import closing, day_of
from orchestrate.domain.instruments.instrument import MAX_PRECISION
from orchestrate.domain.market.timeline import Closes, Floats
from orchestrate.domain.options.chain import Chain
from orchestrate.domain.options.settings import ChainSettings

if TYPE_CHECKING:
    from orchestrate.analytics.options.synthetic.spec import SyntheticChain

#: A price that is so little of a tick beside one is at it.
_NOISE: Final = 1e-6
#: What contracts are where no setting says it: quotes are those of European options.
_TERMS = Root("european", 100.0, "cash", "pm")


def make_chain(settings: ChainSettings, spec: SyntheticChain, closes: Closes, length: int) -> Chain:
    """Return a chain with quotes at each of the underlying's `closes`, whose bars have this length."""
    from orchestrate.analytics.options.synthetic.quotes import synthetic_quotes

    given = {name: getattr(settings, name) or getattr(_TERMS, name) for name in Root.__dataclass_fields__}
    whole = replace(settings, **given)
    made = synthetic_quotes(
        spec,
        _instants(closes, length),
        closes.closes,
        lambda day: expiry_of(day_of(day), whole.settlement or "pm"),
    )
    quotes = Quotes(
        Codes(closes.stamps, made.row.astype(np.int32)),
        Codes.of(made.day),
        Codes.of(made.strike),
        made.is_call,
        {**made.quoted, **_in_ticks(made.quoted, float(closes.closes[0])), "spot": closes.closes[made.row]},
        Source(("synthetic",), (0,), np.arange(1, len(made) + 1, dtype=np.int32), "quote"),
        length=min(length, DAY),
    )
    return assemble(quotes, whole, settings.symbol).chain


def _in_ticks(quoted: Mapping[str, Floats], spot: float) -> dict[str, Floats]:
    """Return bids rounded down and asks rounded up: to cents, on a cheap underlying to the fifth digit of its price."""
    decimals = min(max(2, 4 - floor(log10(spot))), MAX_PRECISION)
    ticks = 10.0**decimals
    down, up = np.floor(quoted["bid"] * ticks + _NOISE), np.ceil(quoted["ask"] * ticks - _NOISE)
    return {"bid": np.round(down / ticks, decimals), "ask": np.round(np.maximum(up, 1.0) / ticks, decimals)}


def _instants(closes: Closes, length: int) -> np.typing.NDArray[np.int64]:
    """Return when each close is made: a date's at the end of its session."""
    if length < DAY:
        return closes.stamps
    return np.array([closing(day_of(int(stamp // DAY))) for stamp in closes.stamps])
