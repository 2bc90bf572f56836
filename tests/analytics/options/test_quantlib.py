"""Our trees beside QuantLib's finite differences, with cash dividends."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrate.analytics.options import american
from orchestrate.analytics.options.columns import Dividends, Options
from tests.analytics.options import quantlib_model as quantlib


@pytest.mark.parametrize("dividends", [Dividends.of(), Dividends.of((0.1, 1.0), (0.35, 1.5))], ids=["none", "two"])
def test_both_models_agree(dividends):
    options = Options.of(100.0, [95.0, 95.0, 105.0, 105.0], [0.25, 0.5, 0.3123, 0.75], [1, 0, 1, 0], 0.04, 0.01)
    tree = american.greeks(options, [0.2, 0.3, 0.25, 0.5], dividends)
    library = quantlib.greeks(options, [0.2, 0.3, 0.25, 0.5], dividends)
    for name in ("price", "delta", "gamma", "theta", "vega"):
        assert np.abs(getattr(tree, name) - getattr(library, name)).max() < 1e-2, name
    assert quantlib.prices(options, [0.2, 0.3, 0.25, 0.5], dividends).tolist() == library.price.tolist()
