"""`orchestrate export`: tables for other programs."""

from __future__ import annotations

import csv
import io
import sys
from datetime import datetime

import numpy as np
import openpyxl
import pyarrow.parquet as pq
import pytest

from orchestrate.reporting.export import xlsx
from orchestrate.reporting.export.formats import FORMATS, text
from orchestrate.reporting.export.table import ExportTable
from orchestrate.usecases.stored.export import TABLES

DAY = 86_400 * 10**9
HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\x07bell", "plain"]


def table(**columns):
    moments = [name == "t" for name in columns]
    return ExportTable(list(columns), moments, list(columns.values()), b"")


def sheet_of(content):
    return openpyxl.load_workbook(io.BytesIO(content)).active


@pytest.mark.parametrize("name", [name for name in TABLES if name != "structures"])  # which only options have
def test_csv_has_every_column_and_value_as_stored(stored, prompt, name):
    done = prompt("export", "latest", name)
    assert (done.code, done.err) == (0, "")
    rows = stored(name)
    read = list(csv.DictReader(io.StringIO(done.out)))
    assert len(read) == len(rows)
    for row, printed in zip(rows, read, strict=True):
        assert list(printed) == list(row)
        for key, value in row.items():
            if isinstance(value, float):
                assert float(printed[key]) == value
            elif isinstance(value, str):
                assert printed[key] == value
            elif value is None:
                assert printed[key] == ""
            elif isinstance(value, bool):
                assert printed[key] == str(value).lower()
            else:
                assert datetime.fromisoformat(printed[key]).date() == value.date()


def test_other_formats_go_to_a_file_that_is_named(stored, prompt):
    run = prompt.runs[0].name
    for file_format in ("parquet", "xlsx"):
        done = prompt("export", run, "fills", "--format", file_format)
        assert (done.code, done.out) == (0, f"{run}-fills.{file_format}\n")
    assert (prompt.folder / f"{run}-fills.parquet").read_bytes() == (prompt.runs[0] / "fills.parquet").read_bytes()
    sheet = openpyxl.load_workbook(prompt.folder / f"{run}-fills.xlsx").active
    names, *rows = sheet.iter_rows(values_only=True)
    assert list(names) == list(stored("fills")[0])
    assert [row[names.index("price")] for row in rows] == [row["price"] for row in stored("fills")]
    assert [row[names.index("label")] for row in rows] == [
        row["label"].to_pydatetime().replace(tzinfo=None) for row in stored("fills")
    ]
    done = prompt("export", "latest", "trades", "--output", "mine.csv")
    assert done.out == "mine.csv\n"
    assert (prompt.folder / "mine.csv").read_text() == prompt("export", "latest", "trades").out


def test_a_file_that_cannot_be_written_is_named(stored, prompt):
    done = prompt("export", "latest", "fills", "--output", "no/such/folder.csv")
    assert (done.code, done.out) == (4, "")
    assert done.err == "no/such/folder.csv: can't be written: No such file or directory\n"


def test_unknown_runs_tables_and_formats(stored, prompt):
    assert prompt("export", "nothing", "fills").code == 5
    assert prompt("export", "latest", "nothing").code == 2
    assert prompt("export", "latest", "fills", "--format", "ods").code == 2
    (prompt.runs[0] / "fills.parquet").write_bytes(b"PAR1")
    assert prompt("export", "latest", "fills").code == 4


def test_texts_are_never_formulas_in_a_workbook():
    """Also once somebody edits the cell: it is quoted."""
    content = xlsx.xlsx(table(note=HOSTILE, number=[1.5] * 6))
    cells = [row[0] for row in sheet_of(content).iter_rows(min_row=2)]
    assert [cell.value for cell in cells] == [*HOSTILE[:4], "\ufffdbell", "plain"]
    assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.quotePrefix for cell in cells] == [True] * 4 + [False] * 2


def test_what_a_workbook_has_no_number_or_date_for_is_text():
    figures = [1.5, np.inf, np.nan, 2.0]
    rows = list(sheet_of(xlsx.xlsx(table(t=[0, 1, -40_000 * DAY, None], figure=figures))).iter_rows(min_row=2))
    assert [row[0].value for row in rows] == [datetime(1970, 1, 1), datetime(1970, 1, 1), "1860-06-26", None]
    assert [row[1].value for row in rows] == [1.5, "inf", "nan", 2.0]


def test_too_many_rows_for_a_sheet_are_refused(stored, prompt, monkeypatch):
    monkeypatch.setattr(xlsx, "_MOST", 3)
    done = prompt("export", "latest", "fills", "--format", "xlsx")
    assert (done.code, done.out) == (2, "")
    assert "a sheet holds 2 rows, there are 3: export csv or parquet" in done.err


def test_without_openpyxl_the_way_to_install_it_is_said(stored, prompt, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    done = prompt("export", "latest", "fills", "--format", "xlsx")
    assert (done.code, done.out) == (2, "")
    assert "orchestrate[xlsx]" in done.err


def test_text_that_commands_a_terminal_is_escaped_when_printed(stored, prompt, monkeypatch):
    monkeypatch.setitem(
        FORMATS, "csv", FORMATS["csv"].__class__(lambda _: text(table(a=["::error::\x1b[2J", "##[error]"])), True)
    )
    assert prompt("export", "latest", "fills").out == "a\n\\x3a:error::\\x1b[2J\n\\x23#[error]\n"


def test_a_parquet_file_is_whole(stored, prompt):
    prompt("export", "latest", "exposure", "--format", "parquet", "--output", "e.parquet")
    assert pq.read_table(prompt.folder / "e.parquet").num_rows == len(stored("exposure"))
