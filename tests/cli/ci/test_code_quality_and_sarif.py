"""`validate --format gitlab|sarif`: accepted by schemas of both, places and severities kept."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

BAD = "strategy: MOMENTUM\ncapitl: 3\ndata: {IBM: nowhere.csv}\n"
SCHEMAS = Path(__file__).parent / "schemas"


def validated(prompt, output, *files, code=2):
    done = prompt("validate", *files, "--format", output)
    assert (done.code, done.err) == (code, "")
    schema = json.loads((SCHEMAS / f"{output}.json").read_text())
    jsonschema.validate(json.loads(done.out), schema, jsonschema.Draft202012Validator)
    return json.loads(done.out)


def test_gitlab(prompt):
    prompt.write("bad.yaml", BAD)
    entries = validated(prompt, "gitlab", "./bad.yaml")
    assert [(entry["severity"], entry["location"]["lines"]["begin"]) for entry in entries][:2] == [
        ("critical", 2),
        ("critical", 3),
    ]
    assert {entry["location"]["path"] for entry in entries} == {"bad.yaml"}
    assert entries[0]["description"] == "unknown key 'capitl' (did you mean 'capital'?)"


def test_a_fingerprint_stays_when_lines_are_added(prompt):
    prompt.write("bad.yaml", BAD)
    before = validated(prompt, "gitlab", "bad.yaml")
    prompt.write("bad.yaml", f"# a comment\n\n{BAD}")
    after = validated(prompt, "gitlab", "bad.yaml")
    assert [entry["fingerprint"] for entry in before] == [entry["fingerprint"] for entry in after]
    assert [entry["location"]["lines"]["begin"] for entry in after][:2] == [4, 5]


def test_fingerprints_are_unique(prompt):
    strategies = "\n".join(f"  s{number}: {{name: MOMENTUM, allocation: x}}" for number in range(3))
    prompt.write("bad.yaml", f"strategies:\n{strategies}\n")
    prompt.write("worse.yaml", f"strategies:\n{strategies}\n")
    entries = validated(prompt, "gitlab", "bad.yaml", "worse.yaml", "bad.yaml")
    assert len(entries) > 8
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)


def test_sarif(prompt):
    prompt.write("so bad.yaml", BAD)
    (run,) = validated(prompt, "sarif", "so bad.yaml")["runs"]
    first = run["results"][0]
    assert first["level"] == "error"
    assert first["ruleId"] in {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert first["message"]["text"] == "unknown key 'capitl' (did you mean 'capital'?)"
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "so%20bad.yaml"},
        "region": {"startLine": 2, "startColumn": 1},
    }


@pytest.mark.parametrize("output", ["gitlab", "sarif"])
def test_a_file_without_findings(prompt, output):
    document = validated(prompt, output, "single.yaml", code=0)
    assert (document if output == "gitlab" else document["runs"][0]["results"]) == []


@pytest.mark.parametrize("output", ["gitlab", "sarif"])
def test_a_finding_is_no_error(prompt, output):
    prompt.write("fine.yaml", "strategy: MOMENTUM\ndata: {A: {synthetic: {bars: 9, seed: 1, frequency: 1d}}}\n")
    document = validated(prompt, output, "fine.yaml", code=0)
    levels = (
        [entry["severity"] for entry in document]
        if output == "gitlab"
        else [result["level"] for result in document["runs"][0]["results"]]
    )
    assert levels
    assert {"critical", "error"}.isdisjoint(levels)


@pytest.mark.parametrize("output", ["gitlab", "sarif", "github"])
@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["bad.yaml"], 2, "unknown key 'capitl'"),
        (["nowhere.yaml"], 2, "no such file"),
        (["single.yaml", "--deep", "--data", "AAA=nowhere.csv"], 3, "nowhere.csv"),
    ],
)
def test_every_format_has_the_code_and_the_reason(prompt, output, words, code, text):
    prompt.write("bad.yaml", BAD)
    done = prompt("validate", *words, "--format", output)
    assert done.code == code
    assert text in done.out


@pytest.mark.parametrize("output", ["gitlab", "sarif", "github"])
def test_a_bug_is_code_4_and_no_empty_report(prompt, monkeypatch, output):
    from orchestrate.usecases import validate

    def broken(*_, **__):
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(validate, "validate", broken)
    done = prompt("validate", "single.yaml", "--format", output)
    assert (done.code, "Traceback" in done.err) == (4, True)
    assert "by zero" in done.out
    assert "single.yaml" in done.out
