"""The bench lies beside the tests: what it names is there, and its page takes the blocks of a run."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from bench.goals import GOALS
from bench.page import PAGE, written

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"bench/[\w/]+\.py|(?<=python -m )bench\.\w+|(?<=from )bench\.[\w.]+(?= import)")
TEXTS = [*ROOT.glob("bench/**/*.py"), *ROOT.glob("docs/**/*.md"), ROOT / "CONTRIBUTING.md", ROOT / "Makefile"]
RUN = {"versions": {"numpy": "2"}, "started": "2030-01-01 00:00", "machine": "1 core", "minutes": 7}


def a_run(blocks: list[str]) -> dict[str, object]:
    goals = [{"workload": goal.workload, "measure": goal.measure, "at_most": 1, "unit": "×"} for goal in GOALS]
    return RUN | {"blocks": dict.fromkeys(blocks, "measured"), "goals": goals}


def test_every_file_of_the_bench_that_is_named_is_there():
    named = {name for text in TEXTS for name in NAMED.findall(text.read_text(encoding="utf-8"))}
    places = {name if name.endswith(".py") else name.replace(".", "/") for name in named}
    assert len(places) >= 15
    assert sorted(one for one in places if not (ROOT / one).exists() and not (ROOT / f"{one}.py").exists()) == []


def defined(path: Path) -> set[str]:
    """Return the names that a module of ours has, not those within its functions and classes."""
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        else:
            names |= {one.asname or one.name for one in ast.walk(node) if isinstance(one, ast.alias)}
            stored = (one for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store))
            names |= {one.id for one in stored}
    return names


@pytest.mark.parametrize("path", sorted(ROOT.glob("bench/**/*.py")), ids=lambda path: path.name)
def test_every_name_that_the_bench_imports_is_there(path):
    missing = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        module = node.module if isinstance(node, ast.ImportFrom) and node.module else ""
        source = ROOT / f"{module.replace('.', '/')}.py"
        if module.partition(".")[0] in {"bench", "tests", "orchestrate"} and source.exists():
            missing += [f"{module}.{name.name}" for name in node.names if name.name not in defined(source)]
    assert missing == []


def modules_of(tree: ast.Module) -> dict[str, Path]:
    """Return the files of our modules that a module imports as such, by their names there."""
    imported = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                source = ROOT / node.module.replace(".", "/") / f"{name.name}.py"
                if source.exists():
                    imported[name.asname or name.name] = source
    return imported


@pytest.mark.parametrize("path", sorted(ROOT.glob("bench/**/*.py")), ids=lambda path: path.name)
def test_what_the_bench_takes_from_a_module_is_there(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules, missing = modules_of(tree), []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            source = modules[node.value.id]
            missing += [f"{source.stem}.{node.attr}"] if node.attr not in defined(source) else []
    assert missing == []


def test_no_folder_of_the_bench_has_more_than_twelve_files():
    folders = {path.parent for path in ROOT.glob("bench/**/*.py")}
    assert max(len(list(folder.glob("*.py"))) for folder in folders) <= 12


def test_the_page_takes_every_block_of_a_run_and_keeps_its_sentences():
    page = PAGE.read_text(encoding="utf-8")
    names = re.findall(r"<!-- bench: ([^>]+) -->", page)
    assert len(names) > 20
    new = written(page, a_run([name for name in names if name not in ("goals", "run")]))
    assert new.count("```\nmeasured\n```") == len(names) - 2
    assert "This run: 2030-01-01 00:00 UTC, 1 core, 7 minutes; numpy 2." in new
    between = re.compile(r"-->\n.*?<!-- end -->", re.DOTALL)
    assert between.sub("", new) == between.sub("", page)


def test_a_run_cut_short_changes_no_page():
    with pytest.raises(SystemExit, match="did not get to: whole process"):
        written("<!-- bench: whole process -->\nold\n<!-- end -->", a_run([]))
