"""What stands on a page: its pictures and their curves."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import numpy as np


def figures_of(page: str) -> dict[str, Any]:
    """Return all pictures of a page, with the arrays that they share."""
    [text] = re.findall(r'<script type="application/json" id="figures">(.*?)</script>', page, re.DOTALL)
    figures: dict[str, Any] = json.loads(text)
    return figures


def drawn(figures: dict[str, Any], chart: str, name: str, axis: str | None = None) -> np.ndarray:
    """Return the values of a curve of a chart."""
    [trace] = [one for one in figures["figures"][chart]["data"] if (one["name"], one.get("yaxis")) == (name, axis)]
    return decoded(figures, trace["y"])


def decoded(figures: dict[str, Any], array: Any) -> np.ndarray:
    """Return the values of an array, which may be one that several curves share."""
    if isinstance(array, list):
        return np.array(array, dtype=float)
    whole = figures["arrays"][array["shared"]] if "shared" in array else array
    return np.frombuffer(base64.b64decode(whole["bdata"]), dtype=whole["dtype"]).astype(float)
