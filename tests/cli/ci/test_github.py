"""`--format github`: annotations and the summary of a job."""

from __future__ import annotations

import re

import pytest

from orchestrate.reporting.ci import github
from orchestrate.reporting.ci.notes import Note

COMMAND = re.compile(r"::(error|warning|notice) file=([^,:]+)(?:,line=(\d+))?(?:,col=(\d+))?::(.+)")


def annotations(text):
    """Kind, file, line, column and message of each line, all of which must be annotations."""
    matches = [COMMAND.fullmatch(line) for line in text.splitlines()]
    assert None not in matches, text
    return [match.groups() for match in matches]


def test_errors_come_first(prompt):
    done = prompt("backtest", "portfolio.yaml", "--format", "github", "--gate", "trades > 1000")
    kinds = [kind for kind, *_ in annotations(done.out)]
    assert (done.code, kinds[0], kinds) == (1, "error", sorted(kinds, key=["error", "warning", "notice"].index))
    assert re.match(r"::error file=portfolio.yaml::gate failed: trades > 1000.0, the value is \d+\n", done.out)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--set", "capitl=3"], 2, "--set capitl: unknown key 'capitl' (did you mean 'capital'?)"),
        (["--data", "AAA=no.csv"], 3, "--data AAA: data.AAA: no such file: no.csv"),
        (["--set", "logging.path=/dev/null/j"], 4, "/dev/null/j: the journal can't be written"),
    ],
)
def test_what_could_not_be_run(prompt, words, code, message):
    done = prompt("backtest", "single.yaml", "--format", "github", *words)
    (first, *_) = annotations(done.out)
    assert (done.code, first[:2]) == (code, ("error", "single.yaml"))
    assert first[4].startswith(message.replace("%", "%25"))


def test_a_mistake_stands_at_its_line(prompt):
    prompt.write("bad.yaml", "strategy: MOMENTUM\ncapitl: 3\n")
    done = prompt("backtest", "bad.yaml", "--format", "github")
    assert annotations(done.out)[0][:4] == ("error", "bad.yaml", "2", "1")


@pytest.mark.parametrize("absolute", [False, True])
def test_a_strategy_that_fails_is_shown_at_its_line_below_the_folder_of_its_file(prompt, absolute):
    folder = prompt.folder / "strategies"
    folder.mkdir()
    (prompt.folder / "broken.py").rename(folder / "broken.py")
    text = 'strategy: "broken.py:Quitter"\ncapital: 1000\ndata: {AAA: {synthetic: {bars: 60, seed: 7}}}\n'
    path = prompt.write("strategies/config.yaml", text)
    done = prompt("backtest", str(prompt.folder / path) if absolute else path, "--format", "github")
    kind, file, line, _, message = annotations(done.out)[0]
    assert (kind, file, message.partition(":")[0]) == ("error", "strategies/broken.py", "Quitter")
    assert "enough is enough" in (folder / "broken.py").read_text().splitlines()[int(line) - 1]


def test_figures_without_a_value_are_no_annotation_unless_they_are_shown(prompt):
    done = prompt("backtest", "single.yaml", "--format", "github", "--set", "config={fast: 200, slow: 240}")
    messages = [message for *_, message in annotations(done.out)]
    absent = [message for message in messages if "no value for" in message]
    assert any("sharpe" in message for message in absent)
    assert not any("skew" in message or "alpha" in message for message in absent)


def test_an_absolute_path_is_shown_from_the_working_directory(prompt):
    path = prompt.folder / prompt.write("bad.yaml", "strategy: MOMENTUM\ncapitl: 3\n")
    assert annotations(prompt("validate", str(path), "--format", "github").out)[0][1] == "bad.yaml"


def test_at_most_ten_of_a_kind(capsys):
    notes = [Note(kind, "finding", f"{number}", "a.yaml") for number in range(12) for kind in ("error", "info")]
    github.annotate(notes)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("::")] == [
        f"::{kind} file=a.yaml::{number}" for kind in ("error", "notice") for number in range(10)
    ]
    assert [line for line in lines if not line.startswith("::")] == [
        "2 more of severity error are not shown",
        "2 more of severity info are not shown",
    ]


def test_the_summary_of_a_run(prompt, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    prompt.write("summary.md", "before\n")
    prompt("backtest", "portfolio.yaml", "--format", "github")
    summary = (prompt.folder / "summary.md").read_text()
    assert summary == "before\n" + prompt("report", "--format", "md").out


def test_the_summary_of_what_could_not_be_run(prompt, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    prompt.write("bad.yaml", "strategy: MOMENTUM\n'<b>|': 3\n")
    prompt("backtest", "bad.yaml", "--format", "github")
    summary = (prompt.folder / "summary.md").read_text()
    assert summary.startswith("# Not run\n\n- error: bad.yaml:2: unknown key '\\<b\\>\\|'")


def test_a_summary_that_cannot_be_written_changes_no_code(prompt, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "nowhere/summary.md")
    done = prompt("backtest", "single.yaml", "--format", "github")
    assert (done.code, done.err) == (0, "warning: the summary can't be written: No such file or directory\n")


@pytest.mark.parametrize("before", [0, 1_000_000, github.ROOM])
def test_a_summary_fits_into_what_github_takes(tmp_path, before):
    path = tmp_path / "summary.md"
    path.write_bytes(b"x" * before)
    text = "\n".join(f"line {number} – €" for number in range(200_000))
    github.summarise(text, {"GITHUB_STEP_SUMMARY": str(path)})
    written = path.read_bytes()
    assert len(written) < 1024 * 1024
    if before < github.ROOM:
        assert written.decode().endswith("€\n\n… the rest did not fit\n")
        assert len(written) > 1_000_000
    else:
        assert len(written) == before


def test_no_summary_outside_of_github(tmp_path):
    github.summarise("text", {})
    assert list(tmp_path.iterdir()) == []
