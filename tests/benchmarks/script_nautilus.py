"""One crossing on the bars of a file, as a whole script: `script_nautilus.py bars.csv`."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

from tests.benchmarks.raw_nautilus import run
from tests.benchmarks.scenes import Scene


class FromFile(Scene):
    """The scene with the bars of a file."""

    @property
    def data(self) -> dict[str, dict[str, np.ndarray]]:
        frame = pd.read_csv(sys.argv[1], parse_dates=["timestamp"])
        columns = {name: frame[name].to_numpy(dtype=np.float64) for name in ("open", "high", "low", "close", "volume")}
        return {"S0": {"t": frame["timestamp"].to_numpy().astype("datetime64[ns]").astype(np.int64), **columns}}


print(run(FromFile(len(pd.read_csv(sys.argv[1])), 1, 1)).equity)
