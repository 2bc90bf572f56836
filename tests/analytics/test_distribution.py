"""Bins of equal width about 0, of which the outermost hold what lies beyond."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrate.analytics.distribution import histogram


def test_every_value_is_counted_once():
    values = np.random.default_rng(3).standard_t(2, size=5000) / 100
    edges, counts = histogram(values)
    assert counts.sum() == len(values)
    assert len(edges) == len(counts) + 1 == 42
    assert edges[0] == -edges[-1]
    assert np.diff(edges) == pytest.approx(edges[1] - edges[0])
    assert counts[-1] >= (values > edges[-1]).sum() > 0


@pytest.mark.parametrize("values", [np.zeros(0), np.zeros(7)])
def test_values_that_do_not_move(values):
    edges, counts = histogram(values)
    assert edges[0] < 0 < edges[-1]
    assert counts[20] == counts.sum() == len(values)
