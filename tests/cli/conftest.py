"""A folder to work in, configurations over synthetic bars, and the command line without a new process."""

from __future__ import annotations

import json
import shutil
import signal
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from orchestrate.cli import app

SINGLE = """\
strategy: MOMENTUM
config: {fast: 3, slow: 8}
capital: 100000
data:
  AAA: {synthetic: {bars: 250, seed: 7, frequency: 1d}}
"""

PORTFOLIO = """\
mode: multi
capital: 300000
data:
  AAA: {synthetic: {bars: 250, seed: 7, frequency: 1d}}
  BBB: {synthetic: {bars: 250, seed: 8, frequency: 1d}}
strategies:
  trend: {name: MOMENTUM, framework: backtrader, allocation: 40, symbols: [AAA], config: {fast: 3, slow: 8}}
  dips: {name: RSI, framework: nautilus, allocation: 30, symbols: [BBB], config: {period: 5}}
  both: {name: MOMENTUM, framework: nautilus, allocation: 20, symbols: [AAA], config: {fast: 2, slow: 5}}
execution:
  commission: {percent: 0.1}
gates:
  trades: ">= 1"
"""

BROKEN = '''\
"""A strategy that gives up after a while."""


class Quitter:
    def should_enter(self, bars):
        if len(bars) >= 20:
            raise RuntimeError("enough is enough")
        return len(bars) == 2

    def should_exit(self, position, bars):
        if len(bars) >= 20:
            raise RuntimeError("enough is enough")
        return False


class Prophet:
    """Knows tomorrow's close."""

    def signals(self, bars):
        rises = [*(bars.close[1:] > bars.close[:-1]), False]
        return rises, [not rise for rise in rises]
'''


@dataclass
class Done:
    """The result of a command."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        stored: dict[str, Any] = json.loads(self.out)
        return stored


@dataclass
class Prompt:
    """A working directory with a command line in it."""

    folder: Path
    capture: Any
    kept: Path

    def __call__(self, *arguments: str) -> Done:
        """Run `orchestrate` with `arguments` in this process."""
        self.capture.readouterr()
        with pytest.raises(SystemExit) as left:
            app.run(arguments)
        captured = self.capture.readouterr()
        return Done(int(left.value.code or 0), captured.out, captured.err)

    def backtest(self, file: str, *options: str) -> Done:
        """Run a file's backtest, or put in place what the same one has left in an empty folder before."""
        text = (self.folder / file).read_text()
        kept = self.kept / sha256("\0".join([text, file, *options]).encode()).hexdigest()
        if not kept.exists():
            done = self("backtest", file, *options)
            for name in ("reports", "logs"):
                shutil.copytree(self.folder / name, kept / name)
            (kept / "done.json").write_text(json.dumps(asdict(done)))
            return done
        for name in ("reports", "logs"):
            shutil.copytree(kept / name, self.folder / name)
        return Done(**json.loads((kept / "done.json").read_text()))

    def write(self, name: str, text: str) -> str:
        """A file in the folder; its name."""
        (self.folder / name).write_text(text)
        return name

    @property
    def journal(self) -> list[dict[str, Any]]:
        """All lines of the journal, none where there is none."""
        path = self.folder / "logs" / "backtest" / "orchestrate.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def runs(self) -> list[Path]:
        """The folders of all runs, the oldest first; several may have begun in one second."""
        folders = (self.folder / "reports").glob("[!.]*")
        return sorted(folders, key=lambda one: (one.name.partition("-")[0], one.stat().st_mtime_ns, one.name))


@pytest.fixture(scope="session")
def kept(tmp_path_factory):
    """Runs that tests only read, made once."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def prompt(tmp_path, monkeypatch, capsys, kept):
    """A prompt in an empty folder with `single.yaml`, `portfolio.yaml` and `broken.py`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    before = signal.getsignal(signal.SIGPIPE)
    built = Prompt(tmp_path, capsys, kept)
    built.write("single.yaml", SINGLE)
    built.write("portfolio.yaml", PORTFOLIO)
    built.write("broken.py", BROKEN)
    yield built
    signal.signal(signal.SIGPIPE, before)
