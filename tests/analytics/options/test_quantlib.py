"""QuantLib as a model: beside our trees, with cash dividends, and where it is missing."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from orchestrate.analytics.options import american, quantlib
from orchestrate.analytics.options.columns import Dividends, Options
from orchestrate.domain.errors import ConfigurationError


@pytest.mark.parametrize("dividends", [Dividends.of(), Dividends.of((0.1, 1.0), (0.35, 1.5))], ids=["none", "two"])
def test_both_models_agree(dividends):
    pytest.importorskip("QuantLib", reason="QuantLib is not installed")
    options = Options.of(100.0, [95.0, 95.0, 105.0, 105.0], [0.25, 0.5, 0.3123, 0.75], [1, 0, 1, 0], 0.04, 0.01)
    tree = american.greeks(options, [0.2, 0.3, 0.25, 0.5], dividends)
    library = quantlib.greeks(options, [0.2, 0.3, 0.25, 0.5], dividends)
    for name in ("price", "delta", "gamma", "theta", "vega"):
        assert np.abs(getattr(tree, name) - getattr(library, name)).max() < 1e-2, name
    assert quantlib.prices(options, [0.2, 0.3, 0.25, 0.5], dividends).tolist() == library.price.tolist()


def test_what_has_no_time_left_needs_no_model():
    pytest.importorskip("QuantLib", reason="QuantLib is not installed")
    assert quantlib.prices(Options.of(100.0, 90.0, 0.0, True), 0.2).tolist() == [10.0]


def test_a_missing_library_is_an_error_that_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "QuantLib", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'orchestrate-portfolio\[options\]'"):
        quantlib.prices(Options.of(100.0, 90.0, 1.0, True), 0.2)
