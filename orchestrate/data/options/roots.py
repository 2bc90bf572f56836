"""Known roots of option contracts: what their data seldom says. `instruments:` beats this table."""

from __future__ import annotations

from datetime import date
from typing import Final

from orchestrate.data.options.sessions import closing, last_session, opening
from orchestrate.domain.options.contract import Delivery, Settlement, Style
from orchestrate.domain.values import value


@value
class Root:
    """How contracts of a root are exercised, how many units one has, what is delivered, and by which price."""

    style: Style
    multiplier: float
    delivery: Delivery
    settlement: Settlement


_SHARES: Final = Root("american", 100.0, "physical", "pm")
_INDEX_PM: Final = Root("european", 100.0, "cash", "pm")
_INDEX_AM: Final = Root("european", 100.0, "cash", "am")
_FUNDS: Final = (
    "SPY QQQ IWM DIA EEM EFA GLD SLV TLT HYG XLE XLF XLK XLU XLV XLI XLP XLY XLB GDX USO VXX FXI EWZ SMH ARKK"
)
_STOCKS: Final = (
    "AAPL MSFT AMZN GOOG GOOGL META FB NVDA TSLA AMD INTC IBM NFLX ORCL CSCO QCOM BA CAT DIS F GE GM GS JPM BAC C WFC "
    "KO PEP MCD WMT HD NKE PFE JNJ MRK XOM CVX T VZ V MA UBER BABA"
)
ROOTS: Final[dict[str, Root]] = {
    "SPX": _INDEX_AM,
    "SPXW": _INDEX_PM,
    "SPXPM": _INDEX_PM,
    "XSP": _INDEX_PM,
    "NDX": _INDEX_AM,
    "NDXP": _INDEX_PM,
    "XND": _INDEX_PM,
    "RUT": _INDEX_AM,
    "RUTW": _INDEX_PM,
    "MRUT": _INDEX_PM,
    "DJX": _INDEX_AM,
    "VIX": _INDEX_AM,
    "VIXW": _INDEX_AM,
    "OEX": Root("american", 100.0, "cash", "pm"),
    "XEO": _INDEX_PM,
    **dict.fromkeys(_FUNDS.split(), _SHARES),
    **dict.fromkeys(_STOCKS.split(), _SHARES),
}


def expiry_of(day: date, settlement: Settlement) -> int:
    """Return the instant at which a contract of that day expires: the close of its last session, or the open for AM."""
    session = last_session(day)
    return opening(session) if settlement == "am" else closing(session)
