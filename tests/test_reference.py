"""Tests know no absolute seconds: what is quick on one machine is slow on another."""

from __future__ import annotations

import re
from pathlib import Path

from tests.reference import in_loops, least_ratio, plain_loop, python_seconds, seconds

TESTS = Path(__file__).parent
#: An upper bound in seconds for what a clock or a child process took, or for an example of Hypothesis.
ABSOLUTE = re.compile(
    r"assert [^\n]*(process_time|perf_counter|monotonic)\(\)[^\n]*<=? *\d"
    r"|assert [^\n]*(seconds|spent|taken|elapsed)(\([^)\n]*\))*[\"')\]]* <=? *\d"
    r"|deadline=\d"
)


def test_no_test_has_an_absolute_bound() -> None:
    bounds = {
        f"{path.relative_to(TESTS)}: {line.strip()}"
        for path in TESTS.rglob("*.py")
        if "benchmarks" not in path.parts and path != Path(__file__)
        for line in path.read_text(encoding="utf-8").splitlines()
        if ABSOLUTE.search(line) and "in_loops(" not in line
    }
    assert bounds == set()


def test_a_ratio_is_the_least_of_several_turns() -> None:
    works = iter([8.0, 6.0, 4.0, 2.0])
    assert least_ratio(lambda: next(works), lambda: 2.0, enough=2.5) == 2.0
    assert next(works) == 2.0
    assert least_ratio(lambda: 3.0, lambda: 1.0, enough=2.0) == 3.0


def test_processor_time_is_measured_here_and_in_a_process() -> None:
    loop = seconds(plain_loop)
    assert 0.2 < in_loops(loop) < 5
    assert least_ratio(lambda: 0.1 * loop, lambda: python_seconds(f"for _ in range({10**6}): _ % 7"), enough=1) < 1
