"""The place that an error names is in the user's own code, however deep it was raised."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from orchestrate.domain.market.bars import Bars
from orchestrate.orchestration.strategies.calls import place_of


def raised(function):
    with pytest.raises(Exception) as caught:
        function()
    return caught.value


def test_the_innermost_line_of_the_user_although_we_raise():
    bars = Bars("IBM", tuple(np.zeros(3) for _ in range(6)), 0, 3)

    def user():
        return bars[-20]

    assert place_of(raised(user)) == (__file__, user.__code__.co_firstlineno + 1)


def test_installed_code_and_pythons_own_are_not_the_users():
    line = sys._getframe().f_lineno + 1
    assert place_of(raised(lambda: np.zeros(3).reshape(7))) == (__file__, line)


def test_an_error_that_passed_no_code_of_the_user_has_no_place():
    assert place_of(ValueError("of nowhere")) == ("", 0)
