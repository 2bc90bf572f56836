"""A configuration that is written down again reads the same, from any folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrate.config.document.layers import layered
from orchestrate.config.document.nodes import Origin, Table, plain
from orchestrate.config.document.parser import read_file, read_text
from orchestrate.config.document.writing import grounded, yaml_text
from orchestrate.wiring import read_plan

ROOT = Path(__file__).parents[3]
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))


def tree_of(path: Path) -> Table:
    tree, problems, _ = layered(path, path.name, {}, (), ())
    assert tree is not None and not problems
    return tree.without("extends", "sweep", *(["gates"] if "sweep" in tree else []))  # some of them judge the sweep


def read_again(text: str) -> object:
    node, problems = read_text(text, Origin("again", Path()))
    assert node is not None and not problems, (problems, text)
    return plain(node)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_example_reads_the_same_again_and_from_elsewhere(path: Path, tmp_path: Path) -> None:
    tree = tree_of(path)
    assert read_again(yaml_text(tree)) == plain(tree)
    elsewhere = tmp_path / path.name
    elsewhere.write_text(yaml_text(grounded(tree)))
    here, there = read_plan(path), read_plan(elsewhere)
    assert there.mistakes == here.mistakes == ()
    assert here.plan is not None and there.plan is not None
    data = {name: entry.path and (path.parent / entry.path).resolve() for name, entry in here.plan.data.items()}
    assert {name: entry.path and Path(entry.path).resolve() for name, entry in there.plan.data.items()} == data
    assert [one.config for one in there.plan.strategies] == [one.config for one in here.plan.strategies]
    assert there.plan.portfolio.limits == here.plan.portfolio.limits


HOSTILE = r"""
texts: ["", " a ", "yes", "no", "null", "~", "1e5", "012", "0x1", "a: b", "a #b", "- a", "[a", "{a", "é", "🙂", "it's",
  'say "x"', "a\nb", "\tx", "%d", ">= 1", "@", "`", "a:", ":a", "2020-01-01", "12:30", "=", "!x", "&a",
  "*a", "|", "?", ","]
numbers: [1, -1, 0, 1.50, 1e-7, 1E+5, 0.1, -0.0, 123456789012345678901]
words: [true, false, null]
"key with: colon": {nested: {deep: [[1, [2]], {a: []}, {}]}}
empty: {}
none:
"""


def test_any_text_and_number_reads_the_same_again(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(HOSTILE)
    node, problems = read_file(tmp_path / "a.yaml", "a.yaml")
    assert isinstance(node, Table) and not problems
    again = read_again(yaml_text(node))
    assert json.dumps(again, default=repr) == json.dumps(plain(node), default=repr)


def test_paths_begin_where_they_were_written(tmp_path: Path) -> None:
    base, top = tmp_path / "base", tmp_path / "top"
    base.mkdir()
    top.mkdir()
    (base / "base.yaml").write_text(
        "data: {A: a.csv, B: {path: b.csv, adjust: {splits: factors.csv}}, C: {synthetic: {bars: 9, seed: 1}}}\n"
        "strategies: {one: {name: 'own.py:One'}, two: {name: 'own:Two'}, three: {name: RSI}, four: {name: 'a:X'}}\n"
    )
    (base / "own.py").write_text("")
    (top / "top.yaml").write_text(
        "extends: ../base/base.yaml\ndata: {D: ../d.csv, E: /e.csv}\n"
        "portfolio: {conflicts: 'p.py:f', allocation: {method: 'w.py:g'}}\n"
    )
    written = plain(grounded(tree_of(top / "top.yaml")))
    a, b = base.as_posix(), top.as_posix()
    assert written == {
        "data": {
            "A": f"{a}/a.csv",
            "B": {"path": f"{a}/b.csv", "adjust": {"splits": f"{a}/factors.csv"}},
            "C": {"synthetic": {"bars": 9, "seed": 1}},
            "D": f"{tmp_path.as_posix()}/d.csv",
            "E": "/e.csv",
        },
        "strategies": {
            "one": {"name": f"{a}/own.py:One"},
            "two": {"name": f"{a}/own.py:Two"},
            "three": {"name": "RSI"},
            "four": {"name": "a:X"},
        },
        "portfolio": {"conflicts": f"{b}/p.py:f", "allocation": {"method": f"{b}/w.py:g"}},
    }


@pytest.mark.parametrize(
    ("text", "name"),
    [("strategy: 'own.py:One'\n", "strategy"), ("strategy: {name: 'own.py:One'}\n", "strategy")],
)
def test_a_single_strategy_has_its_path_too(tmp_path: Path, text: str, name: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    (written,) = (plain(grounded(tree_of(tmp_path / "a.yaml"))),)
    assert isinstance(written, dict)
    found = written[name] if isinstance(written[name], str) else written[name]["name"]
    assert found == f"{tmp_path.as_posix()}/own.py:One"
