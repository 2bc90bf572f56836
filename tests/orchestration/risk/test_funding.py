"""Water-filling: money that several want at once."""

from __future__ import annotations

from math import fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.orchestration.risk.funding import Want, water_fill

MONEY = st.one_of(st.floats(0.0, 1e9), st.integers(-10, 1_000_000).map(float))
WANTS = st.lists(st.builds(Want, MONEY, st.integers(1, 100).map(lambda percent: percent / 100)), max_size=8)


@pytest.mark.parametrize(
    ("free", "wants", "grants"),
    [
        (40.0, [(50.0, 0.5), (50.0, 0.5)], [20.0, 20.0]),
        (40.0, [(50.0, 0.75), (50.0, 0.25)], [30.0, 10.0]),
        (40.0, [(10.0, 0.5), (50.0, 0.5)], [10.0, 30.0]),  # what the first leaves is the other's
        (100.0, [(10.0, 0.5), (50.0, 0.5)], [10.0, 50.0]),
        # 60 by weight are 30, 20, 10: the last takes 4; 56 by weight are 33.6, 22.4: the second takes 21
        (60.0, [(90.0, 0.3), (21.0, 0.2), (4.0, 0.1)], [35.0, 21.0, 4.0]),
        (40.0, [(50.0, 0.5)], [40.0]),
        (-5.0, [(50.0, 0.5), (10.0, 0.5)], [0.0, 0.0]),
        (40.0, [(-3.0, 0.5), (0.0, 0.25), (50.0, 0.0)], [0.0, 0.0, 0.0]),
        (40.0, [], []),
    ],
)
def test_each_gets_its_weighted_share(free: float, wants: list[tuple[float, float]], grants: list[float]) -> None:
    assert water_fill(free, [Want(*want) for want in wants]) == pytest.approx(grants)


@given(MONEY, WANTS)
def test_shares_are_at_most_usable_and_together_at_most_free(free: float, wants: list[Want]) -> None:
    grants = water_fill(free, wants)
    grain = 1e-12 * max(1.0, free)
    assert all(0.0 <= grant <= max(0.0, want.most) for grant, want in zip(grants, wants, strict=True))
    assert fsum(grants) <= max(0.0, free) + grain
    wanted = fsum(max(0.0, want.most) for want in wants)
    assert fsum(grants) == pytest.approx(min(max(0.0, free), wanted), abs=grain)  # until nothing is free or wanted


@given(MONEY, WANTS)
def test_the_unsatisfied_get_equal_shares_for_their_weights(free: float, wants: list[Want]) -> None:
    grants = water_fill(free, wants)
    levels = [grant / want.weight for grant, want in zip(grants, wants, strict=True)]
    short = [level for level, grant, want in zip(levels, grants, wants, strict=True) if grant < max(0.0, want.most)]
    assert all(level == pytest.approx(max(levels), rel=1e-9) for level in short)


@given(MONEY, WANTS, st.randoms(use_true_random=False))
def test_the_order_of_demands_changes_no_digit(free: float, wants: list[Want], random: object) -> None:
    order = list(range(len(wants)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = water_fill(free, [wants[place] for place in order])
    grants = water_fill(free, wants)
    assert shuffled == [grants[place] for place in order]
