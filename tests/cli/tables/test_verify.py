"""`orchestrate verify`: a stored run against a second computation."""

from __future__ import annotations

import json
import shutil
from functools import reduce

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestrate.runs.manifest import seal, unseal
from orchestrate.runs.store import digest

CHECKS = ["data", "fills", "decisions", "places of flows", "flows", "charges", "trades", "positions", "equity"]
CHECKS += ["exposure", "metrics", "periods", "correlation", "attribution", "peaks", "summary"]
CHECKS += ["demands", "conflicts", "gates", "findings"]


def stored_anew(folder, name, content):
    """Put other content into a run, with the checksums that belong to it."""
    (folder / name).write_bytes(content)
    facts = json.loads(unseal((folder / "run.json").read_bytes()))
    facts["files"][name] = digest(content)
    (folder / "run.json").write_bytes(seal(json.dumps(facts, indent=2).encode() + b"\n"))


def with_number(folder, table, column, row, number):
    """Change one number of a stored table."""
    path = folder / f"{table}.parquet"
    whole = pq.read_table(path)
    cells = whole.column(column).to_pylist()
    cells[row] = number
    place = whole.column_names.index(column)
    pq.write_table(whole.set_column(place, column, pa.array(cells, whole.schema.field(column).type)), path)
    stored_anew(folder, path.name, path.read_bytes())


def test_a_run_is_verified_and_nothing_is_written(stored, prompt):
    lines, runs = len(prompt.journal), prompt.runs
    done = prompt("verify", "latest", "--format", "json")
    assert (done.code, done.err) == (0, "")
    assert done.document == {
        "schema_version": 1,
        "run_id": runs[0].name,
        "verified": True,
        "checks": CHECKS,
        "difference": None,
    }
    text = prompt("verify", "latest")
    assert (text.code, text.out) == (0, f"Run {runs[0].name} is verified: {', '.join(CHECKS)}.\n")
    assert (len(prompt.journal), prompt.runs) == (lines, runs)


@pytest.mark.parametrize(
    ("table", "column", "row", "number", "computed"),
    [
        ("fills", "price", 0, 11.03, 11.02),
        ("fills", "fee", 1, 1.1, 1.0),
        ("fills", "quantity", 2, -4.5, None),
        ("fills", "slippage", 0, 0.25, None),
        ("decisions", "price", 0, 10.6, 10.5),
        ("flows", "amount", 0, -0.06, -0.05),
        ("trades", "profit", 0, 7.9, 7.8),
        ("trades", "mae", 0, -0.08, -1.02 / 11.02),
        ("trades", "mfe", 0, 0.08, 0.98 / 11.02),
        ("equity", "benchmark", 2, 12.6, 12.5),
        ("positions", "open_profit", 0, -22.0, -22.08),
        ("equity", "equity.whole", 3, 5007.9, 5007.8),
        ("equity", "portfolio", 3, 10007.9, None),
        ("exposure", "margin_maintenance", 5, 1e6, None),
    ],
)
def test_the_first_changed_number_is_named(stored, prompt, table, column, row, number, computed):
    with_number(prompt.runs[0], table, column, row, number)
    done = prompt("verify", "latest", "--format", "json")
    assert (done.code, done.document["verified"]) == (1, False)
    difference = done.document["difference"]
    assert done.document["checks"][-1] in (difference["check"], "fills")
    if computed is not None:
        assert f"{table}, row {row}" in difference["where"]
        assert difference["stored"] == number
        assert difference["computed"] == pytest.approx(computed)


def test_text_shows_both_sides(stored, prompt):
    with_number(prompt.runs[0], "fills", "fee", 1, 1.1)
    done = prompt("verify", "latest")
    assert done.code == 1
    assert done.out == (
        f"Run {prompt.runs[0].name} is not right (checked: data, fills).\n"
        "The first difference: fills, row 1: whole-3: fee\n  stored    1.1\n  computed  1.0\n"
    )


@pytest.mark.parametrize("name", ["allocated_capital", "final_equity"])
def test_a_changed_figure_of_a_strategy_is_found(stored, prompt, name):
    folder = prompt.runs[0]
    figures = json.loads((folder / "metrics.json").read_bytes())
    figures["strategies"]["whole"][name] += 0.5
    stored_anew(folder, "metrics.json", json.dumps(figures).encode())
    assert prompt("verify", "latest").code == 1


@pytest.mark.parametrize(
    ("section", "figure", "check"),
    [
        (("portfolio", "metrics"), "turnover", "metrics"),
        (("benchmark", "metrics"), "total_return", "metrics"),
        (("portfolio", "monthly"), "2024-01", "periods"),
        (("attribution", "symbols"), "A", "attribution"),
        (("peaks", "symbols", "A", "gross"), "value", "peaks"),
        (("open_positions", 0), "open_profit", "summary"),
        (("equity_sketch", "highest"), "value", "summary"),
    ],
)
def test_a_changed_figure_is_named_with_its_check(stored, prompt, section, figure, check):
    folder = prompt.runs[0]
    figures = json.loads((folder / "metrics.json").read_bytes())
    place = reduce(lambda one, name: one[name], section, figures)
    place[figure] += 0.5
    stored_anew(folder, "metrics.json", json.dumps(figures).encode())
    done = prompt("verify", "latest", "--format", "json")
    assert (done.code, done.document["difference"]["check"]) == (1, check)
    assert done.document["difference"]["where"].endswith(f".{figure}")
    assert done.document["difference"]["stored"] == place[figure]


def test_runs_of_before_a_column_was_stored_are_verified_without_it(stored, prompt):
    for table, columns in (("trades", ["mae", "mfe"]), ("equity", ["benchmark"])):
        path = prompt.runs[0] / f"{table}.parquet"
        pq.write_table(pq.read_table(path).drop(columns), path)
        stored_anew(prompt.runs[0], path.name, path.read_bytes())
    assert prompt("verify", "latest").code == 0


def test_data_that_changed_since_is_named(stored, prompt):
    text = (prompt.folder / "a.csv").read_text()
    prompt.write("a.csv", text.replace("2024-01-08,17,18,16,17.5", "2024-01-08,17,18,16,17.4"))
    done = prompt("verify", "latest", "--format", "json")
    assert (done.code, done.document["checks"]) == (1, ["data"])
    assert done.document["difference"]["where"] == "data.A: sha256 of its bars"


def test_missing_data_is_code_3_unless_another_root_has_it(stored, prompt):
    (prompt.folder / "moved").mkdir()
    shutil.move(prompt.folder / "a.csv", prompt.folder / "moved" / "a.csv")
    done = prompt("verify", "latest")
    assert (done.code, done.out) == (3, "")
    assert "a.csv" in done.err
    assert prompt("verify", "latest", "--root", "moved").code == 0


def test_strategy_files_are_not_needed(stored, prompt):
    (prompt.folder / "planned.py").unlink()
    assert prompt("verify", "latest").code == 0


def test_damaged_files_are_code_4(stored, prompt):
    folder = prompt.runs[0]
    whole = (folder / "plan.json").read_bytes()
    (folder / "plan.json").write_bytes(whole.replace(b"0.365", b"0.364"))
    assert prompt("verify", "latest").code == 4
    stored_anew(folder, "plan.json", whole.replace(b"0.365", b"0.364"))
    done = prompt("verify", "latest")
    assert (done.code, done.err) == (
        4,
        f"reports/{folder.name}/plan.json: damaged: it is not the plan whose hash stands in run.json\n",
    )
    stored_anew(folder, "plan.json", whole)
    assert prompt("verify", "latest").code == 0
    stored_anew(folder, "flows.parquet", b"PAR1")
    done = prompt("verify", "latest")
    assert done.code == 4
    assert "flows.parquet: damaged: " in done.err


def test_columns_that_are_missing_or_of_another_kind_are_damage(stored, prompt):
    path = prompt.runs[0] / "trades.parquet"
    stored_anew(prompt.runs[0], path.name, path.read_bytes())
    pq.write_table(pq.read_table(path).drop(["profit"]), path)
    stored_anew(prompt.runs[0], path.name, path.read_bytes())
    done = prompt("verify", "latest")
    assert (done.code, done.err) == (4, f"reports/{prompt.runs[0].name}: damaged: KeyError: 'profit'\n")


def test_no_such_run_is_code_5(stored, prompt):
    assert prompt("verify", "nothing").code == 5
