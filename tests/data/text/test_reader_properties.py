"""What holds of any file: the order of rows changes nothing, and no corrupted cell passes in silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrate.data.synthetic.generator import generate
from orchestrate.data.synthetic.samples import csv_text
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.synthetic import SyntheticSpec
from orchestrate.domain.results import Finding
from tests.data.reading import load_in, read_in, same

pytestmark = pytest.mark.uncounted  # long runs, whose code shorter ones reach

SPEC = SyntheticSpec(bars=60, seed=3)
CLEAN = generate("X", SPEC)
HEADER, *ROWS = csv_text(CLEAN, 2).splitlines()
NAMES = HEADER.split(",")

ours = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def text_of(rows: list[str]) -> str:
    return "\n".join([HEADER, *rows]) + "\n"


@given(order=st.permutations(range(len(ROWS))))
@ours
def test_any_order_of_rows_gives_the_same_columns(tmp_path: Path, order: list[int]) -> None:
    columns, findings = read_in(tmp_path, text_of([ROWS[place] for place in order]))
    same(columns, CLEAN)
    assert columns.rows.tolist() == [order.index(place) + 2 for place in range(len(ROWS))]
    assert bool(findings) == (order != sorted(order))


@given(order=st.permutations(range(len(ROWS))), extra=st.lists(st.integers(0, len(ROWS) - 1), max_size=5))
@ours
def test_rows_that_are_repeated_word_for_word_change_nothing_either(
    tmp_path: Path, order: list[int], extra: list[int]
) -> None:
    columns, findings = read_in(tmp_path, text_of([ROWS[place] for place in order + extra]))
    same(columns, CLEAN)
    repeated = [finding.count for finding in findings if "repeat" in finding.message]
    assert repeated == ([len(extra)] if extra else [])


def findings_or_refusal(folder: Path, rows: list[str]) -> tuple[Finding, ...]:
    """The findings about the rows; a refusal counts as an error."""
    try:
        _, findings = load_in(folder, {"X": text_of(rows)})
    except DataError as error:
        return (Finding("error", "", str(error)),)
    return findings


def test_the_clean_file_is_silent(tmp_path: Path) -> None:
    assert findings_or_refusal(tmp_path, ROWS) == ()


CORRUPTIONS = {
    "empty": lambda cell: "",
    "a word": lambda cell: "abc",
    "null": lambda cell: "null",
    "nan": lambda cell: "nan",
    "inf": lambda cell: "inf",
    "cut": lambda cell: cell[:2] + "x",
    "signed": lambda cell: "-" + cell,
    "tenfold": lambda cell: str(float(cell) * 10),
    "a tenth": lambda cell: str(float(cell) / 10),
    "point lost": lambda cell: cell.replace(".", ""),
    "two points": lambda cell: cell + ".5",
    "zero": lambda cell: "0",
}


@given(
    row=st.integers(0, len(ROWS) - 1),
    name=st.sampled_from(["open", "high", "low", "close"]),
    kind=st.sampled_from(sorted(CORRUPTIONS)),
)
@ours
def test_no_corrupted_price_passes_in_silence(tmp_path: Path, row: int, name: str, kind: str) -> None:
    cells = ROWS[row].split(",")
    place = NAMES.index(name)
    cells[place] = CORRUPTIONS[kind](cells[place])
    findings = findings_or_refusal(tmp_path, [*ROWS[:row], ",".join(cells), *ROWS[row + 1 :]])
    assert any(finding.severity in ("warning", "error") for finding in findings)


@given(
    row=st.integers(0, len(ROWS) - 1), kind=st.sampled_from(["empty", "a word", "nan", "inf", "signed", "two points"])
)
@ours
def test_no_corrupted_volume_passes_in_silence(tmp_path: Path, row: int, kind: str) -> None:
    cells = ROWS[row].split(",")
    cells[5] = CORRUPTIONS[kind](cells[5] + (".0" if kind == "two points" else ""))
    assert findings_or_refusal(tmp_path, [*ROWS[:row], ",".join(cells), *ROWS[row + 1 :]])


@given(row=st.integers(0, len(ROWS) - 1), place=st.integers(0, 9), character=st.sampled_from("0123456789x-/ "))
@ours
def test_no_corrupted_stamp_passes_in_silence(tmp_path: Path, row: int, place: int, character: str) -> None:
    stamp, rest = ROWS[row].split(",", 1)
    corrupted = stamp[:place] + character + stamp[place + 1 :]
    findings = findings_or_refusal(tmp_path, [*ROWS[:row], f"{corrupted},{rest}", *ROWS[row + 1 :]])
    assert bool(findings) == (corrupted != stamp)


@given(row=st.integers(0, len(ROWS) - 1), cell=st.integers(0, 5))
@ours
def test_a_lost_or_doubled_delimiter_is_refused_or_reported(tmp_path: Path, row: int, cell: int) -> None:
    cells = ROWS[row].split(",")
    doubled = ",".join([*cells[:cell], "", *cells[cell:]])
    lost = ",".join(cells[:cell] + cells[cell + 1 :])
    for broken in (doubled, lost):
        assert findings_or_refusal(tmp_path, [*ROWS[:row], broken, *ROWS[row + 1 :]])


@given(seed=st.integers(0, 1000), decimals=st.integers(2, 8))
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_what_is_read(tmp_path: Path, seed: int, decimals: int) -> None:
    spec = SyntheticSpec(bars=50, seed=seed, decimals=decimals, frequency="15min")
    generated = generate("X", spec)
    columns, findings = read_in(tmp_path, csv_text(generated, decimals))
    same(columns, generated)
    assert findings == []
    assert np.array_equal(columns.rows, np.arange(2, 52))
