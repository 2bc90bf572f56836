"""The public names: one list, loaded on first use, and all that the users' own texts import."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import orchestrate

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(Path(__file__).parent.glob("every_name_*.py"))
PROGRAMS = [*ROOT.glob("strategies/**/*.py"), *ROOT.glob("configs/**/*.py"), *ROOT.glob("orchestrate/starter/**/*.py")]
DOCUMENTS = [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("configs/**/*.md")]
IMPORT = re.compile(r"^\s*(?:from orchestrate[\w.]* import .+|import orchestrate\b.*)$", re.M)


def listed() -> dict[str, str]:
    """The list in the package's source: each name with its module, as a type checker reads it."""
    tree = ast.parse(Path(orchestrate.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    assert all(isinstance(node, ast.ImportFrom) for node in block.body)
    return {alias.asname: node.module for node in block.body for alias in node.names}


def imports(code: str) -> Iterator[tuple[str, str]]:
    """What some code imports of `orchestrate`: the module, and a name where there is one."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.partition(".")[0] == "orchestrate")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "orchestrate":
            yield from ((node.module or "", alias.name) for alias in node.names)


#: Modules that users import from beside the package.
MODULES = ("orchestrate.analytics.overfitting",)


def not_public(code: str) -> list[tuple[str, str]]:
    public = {"", *orchestrate.__all__}
    found = [(module, name) for module, name in imports(code) if module not in MODULES]
    return [(module, name) for module, name in found if module != "orchestrate" or name not in public]


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; before = set(sys.modules)\n{statement}\nprint(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_python_and_type_checkers_see_the_same_names():
    assert len(listed()) >= 100
    assert orchestrate._module_by_name() == listed()
    assert orchestrate.__all__ == sorted(listed())
    assert set(orchestrate.__all__) <= set(dir(orchestrate))


#: Where a name is handed on by a module that needs more than its definition: that of the orchestrator, the engines.
HANDED_ON = {"orchestrate.usecases.api.orchestrator": "orchestrate.orchestration.loop.orchestrator"}


def test_every_name_is_what_its_module_defines():
    for name, module in listed().items():
        public = getattr(orchestrate, name)
        assert public is getattr(sys.modules[module], name)
        if isinstance(public, type) or callable(public):
            home = getattr(public, "__module__", module)
            assert home == HANDED_ON.get(module, module) or home.partition(".")[0] in ("types", "typing", "numpy"), name


def test_a_star_import_brings_every_name_and_no_other():
    names: dict[str, object] = {}
    exec("from orchestrate import *", names)
    assert sorted(name for name in names if name != "__builtins__") == orchestrate.__all__


def test_other_names_are_refused():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        orchestrate.nonsense  # noqa: B018  # to ask for it is the test
    with pytest.raises(ImportError, match="cannot import name 'Bar'"):
        exec("from orchestrate import Bar")


def test_the_package_imports_nothing():
    assert loaded_by("import orchestrate") == {"orchestrate"}
    assert loaded_by("import orchestrate; dir(orchestrate); orchestrate.__all__") == {"orchestrate"}


@pytest.mark.parametrize("name", ["Signals", "Bars", "Indicator", "DataError", "moving_average"])
def test_a_name_imports_its_module_and_what_that_needs(name: str):
    module = listed()[name]
    import_module = loaded_by("from importlib import import_module")
    assert loaded_by(f"from orchestrate import {name}") - import_module == loaded_by(f"import {module}") - import_module


def test_the_users_scripts_need_every_name():
    codes = [script.read_text(encoding="utf-8") for script in SCRIPTS]
    used = {name for code in codes for module, name in imports(code) if module == "orchestrate"}
    assert sorted(used) == orchestrate.__all__


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: str(path.relative_to(ROOT)))
def test_programs_for_users_import_from_the_package_alone(path: Path):
    code = path.read_text(encoding="utf-8")
    assert list(imports(code))
    assert not_public(code) == []


def test_documents_for_users_import_from_the_package_alone():
    lines = [line.strip() for path in DOCUMENTS for line in IMPORT.findall(path.read_text(encoding="utf-8"))]
    assert len(lines) >= 7
    assert [line for line in lines if not_public(line)] == []


@pytest.mark.parametrize(
    "line",
    ["from orchestrate.domain.market.bars import Bars", "import orchestrate.wiring", "from orchestrate import wiring"],
)
def test_other_imports_would_be_noticed(line: str):
    assert IMPORT.findall(f"text\n{line}\n") == [line]
    assert not_public(line)


def test_the_documentation_names_every_public_name_once():
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    table = page.partition("## Public names")[2].partition("\n## ")[0]
    names = [name for row in table.splitlines() if row.startswith("| ") for name in re.findall(r"`(\w+)`", row)]
    assert sorted(names) == orchestrate.__all__
