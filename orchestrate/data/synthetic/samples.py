"""The sample data that ships, as specifications: nothing in it is a real market.

`python -m orchestrate.data.synthetic.samples configs/data` writes the files again, byte for byte.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from orchestrate.data.columns import Columns
from orchestrate.data.synthetic.generator import generate
from orchestrate.domain.market.synthetic import SyntheticSpec

#: A sector with a market of its own.
_SHARE: Final = SyntheticSpec(bars=2520, group="equities", correlation=0.4)
#: ALPHA, BRAVO, CHARLIE are like shares, DELTA like an hourly future that trades
#: around the clock on weekdays, ECHO like a currency pair in hours.
SAMPLES: Final[dict[str, SyntheticSpec]] = {
    "ALPHA": replace(_SHARE, seed=38, price=60.0, volatility=0.22, drift=0.09, regimes=3, tails=0.005),
    "BRAVO": replace(_SHARE, seed=47, price=35.0, volatility=0.30, drift=0.07, regimes=3, tails=0.005),
    "CHARLIE": replace(_SHARE, seed=17, price=120.0, volatility=0.18, drift=0.05, regimes=2),
    "DELTA": SyntheticSpec(
        bars=5000, seed=44, frequency="1h", start="2018-01-01", price=2500.0, volatility=0.25, regimes=3, tails=0.005
    ),
    "ECHO": SyntheticSpec(
        bars=5000,
        seed=57,
        frequency="1h",
        start="2018-01-01",
        price=1.2,
        decimals=5,
        volatility=0.09,
        drift=0.0,
        regimes=2,
    ),
}


def csv_text(columns: Columns, decimals: int) -> str:
    """Return bars as plain CSV: ISO stamps in UTC (a date alone where all are midnights), oldest first."""
    unit = "D" if not (columns.timestamp % 86_400_000_000_000).any() else "s"
    stamps = columns.timestamp.astype("M8[ns]").astype(f"M8[{unit}]").astype(str).tolist()
    suffix = "" if unit == "D" else "Z"
    values = (columns.open, columns.high, columns.low, columns.close, columns.volume)
    rows = zip(stamps, *(column.tolist() for column in values), strict=True)
    lines = (
        f"{stamp}{suffix},{','.join(f'{price:.{decimals}f}' for price in rest)},{volume:.0f}\n"
        for stamp, *rest, volume in rows
    )
    return "timestamp,open,high,low,close,volume\n" + "".join(lines)


def write_samples(folder: Path) -> list[Path]:
    """Write every sample into `folder`; the paths written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for symbol, spec in SAMPLES.items():
        path = folder / f"{symbol}.csv"
        path.write_bytes(csv_text(generate(symbol, spec), spec.decimals).encode())
        written.append(path)
    return written


if __name__ == "__main__":
    write_samples(Path(sys.argv[1]))
