"""What run.json says of the files that a run was made of."""

from __future__ import annotations

import json

from orchestrate.runs.store import digest


def facts_of(prompt):
    return json.loads((prompt.runs[-1] / "run.json").read_text())


def test_every_file_of_the_user_that_was_loaded_has_its_hash(prompt):
    """A strategy, what it imports, and what a function imports when it is called; not what stands beside them."""
    (prompt.folder / "mine").mkdir()
    prompt.write("mine/first.py", "import second\n\nclass First(second.Base):\n    pass\n")
    lazily = "    def should_enter(self, bars):\n        import third\n        return third.YES\n"
    prompt.write(
        "mine/second.py", f"class Base:\n{lazily}    def should_exit(self, position, bars):\n        return False\n"
    )
    prompt.write("mine/third.py", "YES = True\n")
    prompt.write("mine/fourth.py", "")
    data = "data: {A: {synthetic: {bars: 30, seed: 1, frequency: 1d}}}\n"
    prompt.write("mine/own.yaml", f"strategy: first.py:First\n{data}")
    assert prompt("backtest", "mine/own.yaml", "-q").code == 0
    facts = facts_of(prompt)
    files = {
        name: digest((prompt.folder / "mine" / name).read_bytes()) for name in ("first.py", "second.py", "third.py")
    }
    assert facts["strategy_files"] == files
    assert facts["root"] == (prompt.folder / "mine").as_posix()


def test_a_shipped_strategy_is_named_without_its_folder(prompt):
    prompt("backtest", "single.yaml", "-q")
    assert list(facts_of(prompt)["strategy_files"]) == ["shipped:momentum.py"]
