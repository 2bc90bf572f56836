"""Import users' files under private names.

A user's folder may be called `strategies`, `data` or anything that an installed package is called too, and two runs in
one process may have different folders of one name. So nothing is put on `sys.path`: every load gets a package of its
own (`_orchestrate_strategy_7`), whose modules find each other by their plain names, at import and in functions called
later. Nothing is written beside them either.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from itertools import count
from pathlib import Path
from types import CodeType, ModuleType

from orchestrate.library.source import module_file

_PREFIX = "_orchestrate_strategy_"
_NUMBERS = count(1)
#: Packages that a user's folder never stands in for, beside those of the engines.
_NEVER_OWN = frozenset({"orchestrate", "numpy", *sys.builtin_module_names})
#: Where a private package keeps the names that it never stands in for.
_SHARED = "__shared__"
#: The files that are loaded while somebody collects them, see `loaded_files`.
_COLLECTED: list[dict[str, str]] = []


@contextmanager
def loaded_files() -> Iterator[dict[str, str]]:
    """Yield the sha256, by path, of all users' files that are loaded meanwhile; those imported by others as well."""
    files: dict[str, str] = {}
    _COLLECTED.append(files)
    try:
        yield files
    finally:
        _COLLECTED[:] = [each for each in _COLLECTED if each is not files]


def load_file(path: Path, folder: Path, *further: Path, shared: Collection[str] = ()) -> ModuleType:
    """Return a fresh module of the file in `folder`.

    Its absolute imports look there first, then into `further` folders.

    Packages that are `shared` are never looked up there: strategies and engines must mean the same classes. Errors of
    the file reach the caller.
    """
    package = f"{_PREFIX}{next(_NUMBERS)}"
    root = ModuleType(package, "Everything that one strategy's file brings along.")
    root.__path__ = [str(folder), *map(str, further)]
    setattr(root, _SHARED, _NEVER_OWN.union(shared))
    sys.modules[package] = root
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())  # before the one that would load these modules as ordinary ones
    try:
        parts = path.relative_to(folder).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        if all(part.isidentifier() for part in parts):
            return import_module(".".join((package, *parts)))
        return _load_oddly_named(path, f"{package}.strategy")
    except BaseException:
        forget(package)
        raise


def forget(module: str) -> None:
    """Take the private package that a module belongs to out of `sys.modules`; others are left alone."""
    for name in modules_of(module):
        del sys.modules[name]


def forget_derived(module: str, attributes: Collection[str]) -> None:
    """Take out of an engine's modules the classes that it has derived for those of a private package.

    Backtrader gives each class five of its own, under names that no other class has, and keeps them for ever.
    """
    for owner in modules_of(module).values():
        for one in vars(owner).values():
            if isinstance(one, type) and one.__module__ == owner.__name__:
                for derived in map(vars(one).get, attributes):
                    if isinstance(derived, type):
                        _take_out(derived)


def _take_out(derived: type) -> None:
    """Take a class out of the module that it says it is from."""
    holder = sys.modules.get(derived.__module__)
    if holder is not None and vars(holder).get(derived.__name__) is derived:
        delattr(holder, derived.__name__)


def modules_of(module: str) -> dict[str, ModuleType]:
    """Return the modules, by name, of the private package that a module belongs to; an ordinary one has none."""
    package = module.partition(".")[0]
    if not package.startswith(_PREFIX):
        return {}
    return {name: one for name, one in sys.modules.items() if name == package or name.startswith(f"{package}.")}


def _load_oddly_named(path: Path, name: str) -> ModuleType:
    """Return a file such as `my-strategy.v2.py`, which no import statement could name."""
    spec = spec_from_file_location(name, path, loader=_Loader(name, str(path)))
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} can't be loaded", path=str(path))
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class _Loader(SourceFileLoader):
    """Reads the source every time, and gives the module an `__import__` that knows its own folder."""

    def get_code(self, _fullname: str) -> CodeType:
        content = self.get_data(self.path)
        for files in _COLLECTED:
            files[self.path] = sha256(content).hexdigest()
        return _compiled(content, self.path)

    def exec_module(self, module: ModuleType) -> None:
        package = module.__name__.partition(".")[0]
        folders = tuple(Path(folder) for folder in sys.modules[package].__path__)
        shared = getattr(sys.modules[package], _SHARED)

        def own_import(
            name: str,
            globals: Mapping[str, object] | None = None,
            locals: Mapping[str, object] | None = None,
            fromlist: Sequence[str] | None = (),
            level: int = 0,
        ) -> ModuleType:
            top = name.partition(".")[0]
            if level or top in shared or not _is_own(top, folders):
                return builtins.__import__(name, globals, locals, fromlist, level)
            private = builtins.__import__(f"{package}.{name}", globals, locals, fromlist, 0)
            return private if fromlist else sys.modules[f"{package}.{top}"]

        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": own_import}
        super().exec_module(module)


@lru_cache(maxsize=64)
def _compiled(source: bytes, path: str) -> CodeType:
    """Return the code of a file, which many strategies of a portfolio may come from."""
    return compile(source, path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    """Finds the modules of private packages, and nothing else."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(_PREFIX) or path is None:
            return None
        name = fullname.rpartition(".")[2]
        for folder in map(Path, path):
            file = module_file(folder, [name])
            if file is not None:
                inside = [str(file.parent)] if file.name == "__init__.py" else None
                loader = _Loader(fullname, str(file))
                return spec_from_file_location(fullname, file, loader=loader, submodule_search_locations=inside)
        folders = [str(Path(folder, name)) for folder in path if Path(folder, name).is_dir()]
        if folders:
            spec = ModuleSpec(fullname, None, is_package=True)
            spec.submodule_search_locations = folders
            return spec
        return PathFinder.find_spec(fullname, path)


def _is_own(top: str, folders: Sequence[Path]) -> bool:
    """Return True when a file or package of that name, or a folder with Python files, stands in one of the folders."""
    if not top:
        return False
    return any(
        module_file(folder, [top]) or next(folder.joinpath(top).glob("*.py"), None) is not None for folder in folders
    )
