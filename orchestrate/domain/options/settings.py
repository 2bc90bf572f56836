"""What a user says of a chain: where its quotes are, how they are written, and what they don't say of contracts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from orchestrate.domain.options.contract import Delivery, Settlement, Style
from orchestrate.domain.values import value

#: Whether shorts may be held without cover.
AccountType = Literal["margin", "cash"]


@value
class ChainSettings:
    """A data entry with a chain, and the `instruments:` entry of the same symbol; None where neither says it.

    `path` is a file, a folder or a pattern such as `spx/*.zip`; a `synthetic` chain has none. `root` names the
    contracts, and the row of the table of known roots; without one, the file's own, or else the symbol. Settlement
    prices are those of the days given, or the last closes of `settlement_series` on each day.
    """

    symbol: str
    path: str
    underlying: str
    format: str
    root: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    date_format: str = ""
    timezone: str = "America/New_York"
    frequency: str = ""
    max_unpacked: int = 2_000_000_000
    style: Style | None = None
    multiplier: float | None = None
    delivery: Delivery | None = None
    settlement: Settlement | None = None
    synthetic: Mapping[str, object] | None = None
    settlement_prices: Mapping[str, float] = field(default_factory=dict)
    settlement_series: str = ""
