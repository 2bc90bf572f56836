"""Run random portfolios on a commit and on this tree, and name what differs in their results.

`python -m tests.verification.side_by_side COMMIT [COUNT [FIRST]]`; by default 500 portfolios from the first one on.
A change of the structure, or for speed, must leave all of them as they are: tables and journal to the last bit, figures
but for the order of a sum. Columns, figures and lines of the journal that only one side has, and portfolios that a
side refuses, are counted, not compared.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, redirect_stdout
from io import StringIO
from math import isclose
from pathlib import Path
from typing import Any

TREE = Path(__file__).parents[2]
TABLES = ("fills", "trades", "equity", "decisions", "positions", "flows")
#: Names, moments and versions of the process that ran.
OWN = {"run_id", "paths", "duration_seconds", "timings", "framework_seconds", "ts", "versions", "plan_hash", "user"}

#: Figures of the document are sums; tables must be the same to the last bit.
DIGITS = 1e-11

Facts = dict[str, Any]


# ---- one side


def run_all(portfolios: Mapping[int, str], strategies: str, store: Path) -> None:
    """Run each portfolio by the `orchestrate` that is imported here, and store its facts."""
    for seed, text in portfolios.items():
        with tempfile.TemporaryDirectory() as folder, chdir(folder):
            Path("own.py").write_text(strategies, encoding="utf-8")
            Path("portfolio.yaml").write_text(text, encoding="utf-8")
            (store / f"{seed}.json").write_text(json.dumps(facts()), encoding="utf-8")


def facts() -> Facts:
    """Run the portfolio of this folder; return its exit code, and unless it is refused document, tables and journal."""
    import pyarrow.parquet as pq

    from orchestrate.cli import app

    printed = StringIO()
    try:
        with redirect_stdout(printed):
            app.run(["backtest", "portfolio.yaml", "--format", "json", "-q"])
    except SystemExit as end:
        code = end.code
    if not Path("reports").is_dir():
        return {"exit code": code}
    [run] = Path("reports").glob("[!.i]*")
    tables = {name: run / f"{name}.parquet" for name in TABLES}
    journal = Path("logs/backtest/orchestrate.jsonl").read_text(encoding="utf-8").splitlines()
    found = {
        "exit code": code,
        "document": json.loads(printed.getvalue()),
        "journal": [json.loads(line) for line in journal],
        **{name: pq.read_table(path).to_pylist() for name, path in tables.items() if path.exists()},
    }
    plain: Facts = json.loads(json.dumps(found, default=str))
    return plain


# ---- both sides


def differences(one: object, other: object, where: str = "") -> Iterator[str]:
    """Yield where two facts differ, and how; keys that one side alone has don't count."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [key for key in one if key in other and key not in OWN]:
            yield from differences(one[key], other[key], f"{where}.{key}" if where else key)
    elif isinstance(one, list) and isinstance(other, list):
        for row, (mine, theirs) in enumerate(zip(one, other, strict=False)):
            yield from differences(mine, theirs, f"{where}[{row}]")
        if len(one) != len(other):
            yield f"{where}: {len(one)} rows against {len(other)}"
    elif one != other and not (where.startswith("document") and _alike(one, other)):
        yield f"{where}: {one!r} against {other!r}"


def _alike(one: object, other: object) -> bool:
    """Return whether two figures differ in the order of a sum only."""
    return isinstance(one, float) and isinstance(other, float) and isclose(one, other, rel_tol=DIGITS)


def one_sided(one: object, other: object, where: str = "") -> Iterator[str]:
    """Yield the keys that one of two facts alone has; all rows of a table have one place."""
    if isinstance(one, dict) and isinstance(other, dict):
        yield from (f"{where}.{key}" for key in one if key not in other)
        yield from (f"{where}.{key}" for key in other if key not in one)
        for key in [key for key in one if key in other]:
            yield from one_sided(one[key], other[key], f"{where}.{key}" if where else key)
    elif isinstance(one, list) and isinstance(other, list):
        for mine, theirs in zip(one, other, strict=False):
            yield from one_sided(mine, theirs, where)


def compare(stores: Sequence[Path], seeds: Sequence[int]) -> int:
    """Print the first difference of each part of each portfolio; return how many portfolios differ."""
    parts, alone = Counter[str](), Counter[str]()
    differ = refused = 0
    for seed in seeds:
        one, other = (json.loads((store / f"{seed}.json").read_text(encoding="utf-8")) for store in stores)
        if "document" not in one or "document" not in other:
            refused += 1
            continue
        alone.update(one_sided(one, other))
        firsts = {part: next(differences({part: one[part]}, {part: other.get(part)}), None) for part in one}
        for part, first in firsts.items():
            if first is not None:
                parts[part] += 1
                print(f"portfolio {seed}: {first}")
        differ += any(firsts.values())
    for name, count in sorted(alone.items()):
        print(f"on one side only: {name}, {count} times")
    by_part = "".join(f", {part} of {count}" for part, count in parts.items())
    print(f"{len(seeds)} portfolios, {refused} refused, {differ} differ{by_part}")
    return differ


def main(commit: str, count: int = 500, first: int = 0) -> int:
    """Run both sides, each in a process of its own, and compare them."""
    from tests.verification.portfolios import STRATEGIES, portfolio

    seeds = range(first, first + count)
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder, "base")
        subprocess.run(["git", "worktree", "add", "-q", "--detach", base, commit], cwd=TREE, check=True)
        try:
            stores = [Path(folder, name) for name in ("before", "after")]
            order = json.dumps({"portfolios": {seed: portfolio(seed) for seed in seeds}, "strategies": STRATEGIES})
            sides = [_side(tree, store, order) for tree, store in zip((base, TREE), stores, strict=True)]
            if any(side.wait() for side in sides):
                return 4
            return int(compare(stores, seeds) > 0)
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", base], cwd=TREE, check=True)


def _side(tree: Path, store: Path, order: str) -> subprocess.Popen[str]:
    store.mkdir()
    command = [sys.executable, __file__, "--side", str(store)]
    side = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(tree)}, text=True, stdin=subprocess.PIPE)
    assert side.stdin is not None
    with side.stdin as pipe:
        pipe.write(order)
    return side


if __name__ == "__main__":
    if sys.argv[1] == "--side":
        work = json.load(sys.stdin)
        run_all(work["portfolios"], work["strategies"], Path(sys.argv[2]))
    else:
        sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
