"""One crossing on the bars of a file, as a whole script: `script_nautilus.py bars.csv`."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.scenes.scene import Scene
from bench.scripts import raw_nautilus


@dataclass(frozen=True)
class FromFile(Scene):
    """The scene with the bars of a file."""

    columns: dict[str, np.ndarray] | None = None

    @property
    def data(self) -> dict[str, dict[str, np.ndarray]]:
        return {"S0": self.columns or {}}


def run(path: str) -> float:
    """The final equity."""
    frame = pd.read_csv(path, parse_dates=["timestamp"])
    columns = {name: frame[name].to_numpy(dtype=np.float64) for name in ("open", "high", "low", "close", "volume")}
    columns["t"] = frame["timestamp"].to_numpy().astype("datetime64[ns]").astype(np.int64)
    return raw_nautilus.run(FromFile(len(frame), 1, 1, columns=columns)).equity


if __name__ == "__main__":
    print(run(sys.argv[1]))
