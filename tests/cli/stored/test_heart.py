"""`orchestrate heart`: five rows from the journal, its rotated files and the stored runs."""

from __future__ import annotations

import gzip
import json
import math
from datetime import UTC, datetime, timedelta

import pytest

from orchestrate.runs import reading
from orchestrate.runs.store import claim
from orchestrate.usecases.heart.heart import heart
from orchestrate.usecases.heart.rows import p95

NOW = datetime.now(UTC)


def line(event, run_id, *, days=1.0, user="ann", **facts):
    moment = (NOW - timedelta(days=days)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    head = {"ts": moment, "event": event, "level": "info", "run_id": run_id, "user": user}
    return json.dumps(head | facts, separators=(",", ":"))


def run(run_id, end="completed", *, several=True, seconds=1.0, **facts):
    """The lines of a run that ended so; of none where `end` is empty."""
    lines = [line("backtest_started", run_id, strategy_count=2 if several else 1, **facts)]
    lines += [line("orchestrator.backtest_started", run_id, **facts)] if several else []
    if end:
        lines.append(line(f"backtest_{end}", run_id, duration_seconds=seconds, **facts))
    return lines


@pytest.fixture
def journal(prompt):
    """Write lines to the journal, or to a file beside it."""
    folder = prompt.folder / "logs" / "backtest"
    folder.mkdir(parents=True)

    def write(lines, name="orchestrate.jsonl"):
        content = "".join(f"{one}\n" for one in lines).encode()
        (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)

    return write


def rows(prompt, *words):
    done = prompt("heart", "--format", "json", *words)
    assert done.code == 0
    return {row["row"]: row for row in done.document["rows"]}


def values(prompt, *words):
    return {name: (row["value"], row["verdict"]) for name, row in rows(prompt, *words).items()}


def test_text(prompt, journal, stored, two_strategies):
    stored(two_strategies)
    lines = [one for number in range(19) for one in run(f"r{number}", user=f"u{number % 5}", seconds=number)]
    journal([*lines, *run("x", "failed", several=False), line("report_generated", "r1", duration_seconds=0.25)])
    done = prompt("heart")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "20 runs in 30 days\n"
        "\n"
        "              measure                             value  target   verdict\n"
        "Happiness     failed runs                            5%  < 1%     fail\n"
        "  guardrail   no data corruption: damaged runs        0  == 0     pass\n"
        "Engagement    runs with several strategies          95%  >= 40%   pass\n"
        "  guardrail   P95 run time                         17 s  < 300 s  pass\n"
        "Adoption      distinct users                          6  >= 5     pass\n"
        "  guardrail   complete documentation                  –  –        not measured\n"
        "Retention     users who run again within 7 days  83.33%  >= 60%   pass\n"
        "  guardrail   support requests                        –  –        not measured\n"
        "Task success  runs that completed                   95%  >= 95%   pass\n"
        "  guardrail   P95 report time                    0.25 s  < 30 s   pass\n"
    )


def test_a_row_of_json(prompt, journal):
    journal([*run("a"), *run("b", "failed")])
    row = rows(prompt)["Happiness"]
    assert row == {
        "row": "Happiness",
        "measure": "failed runs",
        "unit": "share",
        "value": 0.5,
        "target": "< 0.01",
        "verdict": "fail",
        "guardrail": {
            "measure": "no data corruption: damaged runs",
            "unit": "count",
            "value": None,
            "target": "== 0",
            "verdict": "not measured",
        },
    }


def test_nothing_to_measure(prompt):
    assert set(values(prompt).values()) == {(None, "not measured")}
    assert prompt("heart").out.startswith("0 runs in 30 days\n")


def test_a_run_that_never_ended_has_failed(prompt, journal):
    journal([*run("a"), *run("b", "")])
    assert values(prompt)["Happiness"] == (0.5, "fail")
    assert values(prompt)["Task success"] == (0.5, "fail")


def test_a_run_that_goes_on_counts_as_none(prompt, journal):
    with claim(prompt.folder / "reports", NOW) as claimed:
        journal([*run("a"), *run(claimed.run_id, "")])
        assert values(prompt)["Happiness"] == (0.0, "pass")
    assert values(prompt)["Happiness"] == (0.5, "fail")


def test_an_interrupted_run_neither_failed_nor_completed(prompt, journal):
    stopped = line("backtest_completed", "b", status="interrupted", duration_seconds=1.0)
    broken = line("backtest_failed", "c", error_type="KeyboardInterrupt", duration_seconds=1.0)
    journal([*run("a"), *run("b", ""), stopped, *run("c", ""), broken])
    assert values(prompt)["Happiness"] == (0.0, "pass")
    assert values(prompt)["Task success"] == (pytest.approx(1 / 3), "fail")


@pytest.mark.parametrize(
    ("days", "share"),
    [((1, 8), 1.0), ((1, 8.01), 0.0), ((1, 9, 15), 1.0), ((1,), 0.0), ((1, 1), 1.0), ((29, 31), 0.0)],
)
def test_who_runs_again_within_seven_days(prompt, journal, days, share):
    journal([one for number, day in enumerate(days) for one in run(f"r{number}", days=day)])
    assert values(prompt)["Retention"][0] == share


def test_users_are_counted_apart(prompt, journal):
    journal(
        [*run("a", user="ann"), *run("b", user="ann", days=2), *run("c", user="bob"), *run("d", user="bob", days=20)]
    )
    assert values(prompt)["Retention"] == (0.5, "fail")
    assert values(prompt)["Adoption"] == (2, "fail")


def test_the_period(prompt, journal):
    journal(
        [*run("a", days=29), *run("b", "failed", days=31), line("report_generated", "b", days=31, duration_seconds=9)]
    )
    assert values(prompt)["Happiness"] == (0.0, "pass")
    assert rows(prompt)["Task success"]["guardrail"]["value"] is None
    assert values(prompt, "--days", "32")["Happiness"] == (0.5, "fail")
    assert rows(prompt, "--days", "32")["Task success"]["guardrail"]["value"] == 9.0


def test_rotated_files_count_and_each_run_once(prompt, journal):
    journal(run("a"))
    journal([*run("a"), *run("b", "")], "orchestrate.jsonl.1")
    journal([line("backtest_failed", "b", duration_seconds=1.0), *run("c")], "orchestrate.jsonl.2.gz")
    journal(run("other", "failed"), "another.jsonl")
    done = prompt("heart", "--format", "json")
    assert done.document["runs"] == 3
    assert values(prompt)["Happiness"][0] == pytest.approx(1 / 3)


def test_damaged_lines_are_left_out_and_counted(prompt, journal):
    broken = [
        '{"ts":"2026',
        line("backtest_started", "x").replace('"run_id"', '"run"'),
        line("backtest_failed", "x").replace('"ts":"', '"ts":"soon'),
        '{"event":"backtest_started" oh}',
        "\x00\x00\x00",
        "",
        line("orchestrator.strategy_signal", "x"),
    ]
    journal([*run("a"), *broken])
    done = prompt("heart", "--format", "json")
    assert (done.document["damaged_lines"], done.document["runs"]) == (5, 1)
    assert (done.code, done.err) == (0, "warning: 5 damaged lines of the journal are left out\n")


def test_numbers_that_are_none_are_not_measured(prompt, journal):
    facts = [math.nan, math.inf, 10**400, "1", True, None]
    lines = [one for place, value in enumerate(facts) for one in run(f"r{place}", seconds=value)]
    lines += [line("report_generated", "r0", duration_seconds=value) for value in facts]
    lines.append(line("backtest_started", "r0", strategy_count="two"))
    journal([*lines, "[1]"])
    done = prompt("heart", "--format", "json")
    assert (done.document["runs"], done.document["damaged_lines"]) == (6, 1)
    rows = {row["row"]: row["guardrail"]["value"] for row in done.document["rows"]}
    assert (rows["Engagement"], rows["Task success"]) == (None, None)


def test_a_packed_file_that_ends_early_is_read_as_far_as_it_goes(prompt, journal):
    journal(run("a"))
    journal([one for number in range(5000) for one in run(f"b{number}")], "orchestrate.jsonl.1.gz")
    path = prompt.folder / "logs/backtest/orchestrate.jsonl.1.gz"
    path.write_bytes(path.read_bytes()[:-2000])
    done = prompt("heart", "--format", "json")
    assert done.document["damaged_lines"] == 1
    assert 1 < done.document["runs"] < 5001


def test_damaged_runs_are_the_guardrail(prompt, stored, two_strategies):
    stored(two_strategies)
    run_id = stored(two_strategies)
    assert rows(prompt)["Happiness"]["guardrail"]["verdict"] == "pass"
    (prompt.folder / "reports" / run_id / "trades.parquet").write_bytes(b"")
    done = prompt("heart", "--format", "json")
    guardrail = done.document["rows"][0]["guardrail"]
    assert (guardrail["value"], guardrail["verdict"]) == (1, "fail")
    message = f"reports/{run_id}/trades.parquet: changed since the run: its hash in run.json differs"
    assert done.document["damaged"] == [{"run_id": run_id, "message": message}]
    assert done.err == f"warning: {message}\n"


def test_stored_runs_are_hashed_and_not_decoded(prompt, stored, two_strategies, monkeypatch):
    stored(two_strategies)
    decoded = []
    monkeypatch.setattr(reading, "json_object", lambda path, content: decoded.append(path) or json.loads(content))
    assert prompt("heart").code == 0
    assert [str(path).rpartition("/")[2] for path in decoded] == ["run.json"]


def test_the_journal_of_real_runs(prompt):
    prompt("backtest", "portfolio.yaml", "-q")
    prompt("backtest", "single.yaml", "-q")
    prompt("backtest", "single.yaml", "-q", "--data", "AAA=nowhere.csv")
    prompt("report")
    found = rows(prompt)
    assert found["Happiness"]["value"] == found["Engagement"]["value"] == pytest.approx(1 / 3)
    assert found["Task success"]["value"] == pytest.approx(2 / 3)
    assert found["Task success"]["guardrail"]["verdict"] == found["Happiness"]["guardrail"]["verdict"] == "pass"


@pytest.mark.parametrize("name", ["other.jsonl", "runs.log", "[mine].jsonl"])
def test_another_journal(prompt, journal, name):
    journal(run("a"), name)
    journal(run("b"), f"{name}.1")
    journal(run("c"), "orchestrate.jsonl")
    assert prompt("heart", "--journal", f"logs/backtest/{name}", "--format", "json").document["runs"] == 2


def test_a_journal_that_cannot_be_read_is_code_4(tmp_path, monkeypatch):
    from pathlib import Path

    from orchestrate.domain.errors import StoreError

    def refuse(*_args, **_more):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "j.jsonl").write_text("")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(StoreError, match=r"j.jsonl: the journal can't be read: Permission denied"):
        heart(tmp_path / "j.jsonl", tmp_path / "reports", 30)


@pytest.mark.parametrize(("count", "place"), [(1, 1), (2, 1), (20, 19), (100, 95)])
def test_p95_is_that_of_the_users_query(count, place):
    assert p95(float(number) for number in range(count, 0, -1)) == float(place)
