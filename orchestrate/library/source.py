"""Python files as text: classes, their parents, their constants; read by `ast`, so nothing is ever imported."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

from orchestrate.domain.engines import Engines, natives_of

_LARGEST = 4_000_000
_DEEPEST = 20


class UnreadableSourceError(Exception):
    """The file can't be read as Python; the message says where."""

    def __init__(self, path: Path, message: str, line: int = 0) -> None:
        super().__init__(f"{path.name}:{line}: {message}" if line else f"{path.name}: {message}")


@dataclass(frozen=True, eq=False)
class Module:
    """A parsed file. `folders` are where its absolute imports are looked up before the installed packages."""

    path: Path
    tree: ast.Module
    folders: tuple[Path, ...]

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        """Return the classes at top level, those inside `if` and `try` included; the last of a name counts."""
        return {node.name: node for node in top_level(self.tree.body) if isinstance(node, ast.ClassDef)}

    @cached_property
    def functions(self) -> dict[str, ast.FunctionDef]:
        """The functions at top level, as `classes` has the classes."""
        return {node.name: node for node in top_level(self.tree.body) if isinstance(node, ast.FunctionDef)}

    @cached_property
    def constants(self) -> dict[str, ast.expr]:
        """Return the expressions that names are assigned to at top level."""
        values: dict[str, ast.expr] = {}
        for node in top_level(self.tree.body):
            if isinstance(node, ast.Assign):
                values.update((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
                values[node.target.id] = node.value
        return values

    @cached_property
    def imports(self) -> dict[str, str]:
        """Return local name → what it stands for, dotted; relative imports keep their leading dots."""
        names: dict[str, str] = {}
        for node in top_level(self.tree.body):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    names[alias.asname or top] = alias.name if alias.asname else top
            elif isinstance(node, ast.ImportFrom):
                source = "." * node.level + (node.module or "")
                joint = "" if source.endswith(".") else "."
                names.update((alias.asname or alias.name, source + joint + alias.name) for alias in node.names)
        return names

    @cached_property
    def star_imports(self) -> tuple[str, ...]:
        """Return modules of which everything is imported."""
        return tuple(
            "." * node.level + (node.module or "")
            for node in top_level(self.tree.body)
            if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
        )


@dataclass(frozen=True, eq=False)
class ClassSource:
    """A class in its file."""

    module: Module
    node: ast.ClassDef

    @property
    def name(self) -> str:
        """The class's name."""
        return self.node.name

    @property
    def docstring(self) -> str:
        """Its documentation, dedented."""
        return ast.get_docstring(self.node) or ""


@dataclass
class Reader:
    """Reads files once each, and follows names from one to another, up to the classes of an engine."""

    engines: Engines
    _read: dict[tuple[Path, tuple[Path, ...]], Module] = field(default_factory=dict)

    def module(self, path: Path, folders: tuple[Path, ...]) -> Module:
        """Return the parsed file; UnreadableSourceError."""
        if (path, folders) not in self._read:
            self._read[path, folders] = Module(path, _parse(path), folders)
        return self._read[path, folders]

    def lineage(self, source: ClassSource) -> tuple[list[ClassSource], list[str]]:
        """Return the class and its ancestors, nearest first, and the dotted names of ancestors that aren't followed."""
        line: list[ClassSource] = []
        ends: list[str] = []
        self._follow(source, line, ends)
        return line, ends

    def _follow(self, source: ClassSource, line: list[ClassSource], ends: list[str]) -> None:
        if len(line) > _DEEPEST or any(source.node is other.node for other in line):
            return
        line.append(source)
        for base in source.node.bases:
            expression = base.value if isinstance(base, ast.Subscript) else base
            parent = self.resolve(source.module, expression, source.node)
            if isinstance(parent, ClassSource):
                self._follow(parent, line, ends)
            else:
                ends.append(parent or ast.unparse(expression))

    def resolve(
        self, module: Module, expression: ast.expr, child: ast.ClassDef | None = None
    ) -> ClassSource | str | None:
        """Return the class that an expression such as `Name` or `bt.Strategy` means: its source, or its dotted name.

        `child` is the class whose parent it is: `class Trend(Trend)` means an imported one.
        """
        names = _dotted(expression)
        if not names:
            return None
        if len(names) == 1 and module.classes.get(names[0], child) is not child:
            return ClassSource(module, module.classes[names[0]])
        if names[0] in module.imports:
            return self._imported(module, ".".join((module.imports[names[0]], *names[1:])), 0)
        for star in module.star_imports:
            match = self._imported(module, f"{star}.{'.'.join(names)}", 0)
            if isinstance(match, ClassSource) or is_of_an_engine(star, self.engines):
                return match
        return ".".join(names)

    def named(self, module: Module, name: str, depth: int = 0) -> ClassSource | str | None:
        """Return the class that `name` means in a module: defined there, or imported into it.

        None when it isn't there.
        """
        if name in module.classes:
            return ClassSource(module, module.classes[name])
        if name in module.imports and depth < _DEEPEST:
            return self._imported(module, module.imports[name], depth + 1)
        return None

    def _imported(self, module: Module, dotted: str, depth: int) -> ClassSource | str:
        bare = dotted.lstrip(".")
        if dotted == bare and any(one.has_root(dotted) for one in natives_of(self.engines).values()):
            return dotted
        package, _, name = bare.rpartition(".")
        path = _relative(module.path, len(dotted) - len(bare), package) if dotted != bare else None
        path = path or (find_module(package, module.folders) if dotted == bare and package else None)
        if path is None or path.suffix != ".py":
            return bare
        try:
            match = self.named(self.module(path, module.folders), name, depth)
        except UnreadableSourceError:
            return bare
        return match or bare


def is_of_an_engine(dotted: str, engines: Engines) -> bool:
    """Return True for names of the packages of engines that host natives."""
    return any(natives.owns(dotted) for natives in natives_of(engines).values())


def find_module(dotted: str, folders: tuple[Path, ...] = ()) -> Path | None:
    """Return the file of a module: in `folders`, else among the installed packages.

    No package is imported on the way.
    """
    parts = dotted.split(".")
    for folder in folders:
        path = module_file(folder, parts)
        if path:
            return path
    try:
        top = find_spec(parts[0])
    except (ImportError, ValueError, AttributeError):
        return None
    if top is None:
        return None
    if len(parts) == 1:
        return Path(top.origin) if top.origin and top.has_location else None
    return next(
        (path for place in top.submodule_search_locations or () if (path := module_file(Path(place), parts[1:]))), None
    )


def module_file(folder: Path, parts: list[str]) -> Path | None:
    """Return `folder/a/b.py` or `folder/a/b/__init__.py`, whichever is there."""
    for path in (folder.joinpath(*parts, "__init__.py"), folder.joinpath(*parts[:-1], f"{parts[-1]}.py")):
        if is_file(path):
            return path
    return None


def is_file(path: Path) -> bool:
    """Return `Path.is_file`, False also for what can't be a path at all."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _relative(path: Path, level: int, package: str) -> Path | None:
    folder = path.parents[level - 1] if level <= len(path.parents) else path.parent
    return module_file(folder, package.split(".")) if package else module_file(folder, ["__init__"])


def _dotted(expression: ast.expr) -> list[str]:
    names: list[str] = []
    while isinstance(expression, ast.Attribute):
        names.insert(0, expression.attr)
        expression = expression.value
    return [expression.id, *names] if isinstance(expression, ast.Name) else []


def top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module's body, those inside `if` and `try` included."""
    for node in body:
        yield node
        if isinstance(node, ast.If):
            yield from top_level([*node.orelse, *node.body])
        elif isinstance(node, ast.Try):
            handled = [statement for handler in node.handlers for statement in handler.body]
            yield from top_level([*handled, *node.body, *node.orelse, *node.finalbody])


def _parse(path: Path) -> ast.Module:
    try:
        if path.stat().st_size > _LARGEST:
            raise UnreadableSourceError(path, "too large for a Python file")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(path.read_bytes(), filename=str(path))
    except SyntaxError as error:
        raise UnreadableSourceError(path, f"syntax error: {error.msg}", error.lineno or 0) from None
    except (RecursionError, MemoryError):
        raise UnreadableSourceError(path, "nested too deeply to be read") from None
    except (OSError, ValueError) as error:
        raise UnreadableSourceError(path, f"can't be read as Python: {error}") from None
