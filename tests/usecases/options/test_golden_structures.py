"""Structures through their expiries on quotes that a person can check, on each engine and on both."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.domain.market.stamps import label_text
from orchestrate.runs.reading import STRUCTURES, read_run
from orchestrate.usecases.audit import reproduce, verify
from orchestrate.usecases.backtest import Request, backtest

#: Four weeks of an underlying: it ends between the short strikes, above all, between the puts, below all.
CLOSES = {
    "01": (100, 100, 100, 101),
    "08": (101, 103, 107, 112),
    "15": (100, 99, 97, 93),
    "22": (100, 95, 88, 80),
    "29": (80, 79),
}
EXPIRIES = ("2024-01-05", "2024-01-12", "2024-01-19", "2024-01-26")
#: What puts and calls are quoted at, by strike, every day: a condor brings 0.80 + 0.80 − 0.35 − 0.35 = 0.90.
QUOTES = {
    "P": {90: (0.30, 0.35), 95: (0.80, 0.85)},
    "C": {105: (0.80, 0.85), 110: (0.30, 0.35)},
}
STRATEGY = """
from orchestrate import Signal, cash_secured_put, iron_condor, vertical

class Condor:  # one in each week
    def __init__(self):
        self.seen = set()

    def on_bar(self, context):
        chain = context.chain("XO").nearest(days=3)
        put, call = chain.pick("put", strike=95), chain.pick("call", strike=105)
        if put is not None and put.expires_on not in self.seen:
            self.seen.add(put.expires_on)
            wings = chain.pick("put", strike=90), chain.pick("call", strike=110)
            yield Signal.structure(iron_condor(wings[0], put, call, wings[1], 1, "condor"))

class Roll:  # a vertical of the first week, rolled to the second one on its third day
    days = 0

    def on_bar(self, context):
        self.days += 1
        if self.days in (1, 3):
            chain = context.chain("XO").nearest(days=3 if self.days == 1 else 8)
            made = vertical(chain.pick("call", strike=105), chain.pick("call", strike=110))
            yield Signal.roll(context.structures[0], to=made) if context.structures else Signal.structure(made)

class Put:  # four of the last week, once
    done = False

    def on_bar(self, context):
        if not self.done:
            self.done = True
            put = context.chain("XO").nearest(days=25).pick("put", strike=95)
            yield Signal.structure(cash_secured_put(put, 4, "put"))
"""
#: What each condor brings, its worth at its exit, its profit after four dollars of fees, and why it ended.
CONDORS = [
    ("2024-01-05", -0.9, 0.0, 86.0, "expired"),
    ("2024-01-12", -0.9, -5.0, -414.0, "assigned"),
    ("2024-01-19", -0.9, -2.0, -114.0, "assigned"),
    ("2024-01-26", -0.9, -5.0, -414.0, "assigned"),
]


def written(folder: Path, strategies: str, delivery: str) -> None:
    """Write bars, quotes, strategies and the configuration."""
    bars, quotes = ["date,open,high,low,close"], ["date,expiry,strike,right,bid,ask"]
    for first, closes in CLOSES.items():
        for day, close in enumerate(closes, int(first) + 1):
            bars.append(f"2024-01-{day:02},{close},{close},{close},{close}")
            for expiry in EXPIRIES:
                if expiry >= f"2024-01-{day:02}":
                    quotes += [
                        f"2024-01-{day:02},{expiry},{strike},{right},{bid},{ask}"
                        for right, each in QUOTES.items()
                        for strike, (bid, ask) in each.items()
                    ]
    (folder / "x.csv").write_text("\n".join(bars) + "\n")
    (folder / "xo.csv").write_text("\n".join(quotes) + "\n")
    (folder / "own.py").write_text(STRATEGY)
    (folder / "p.yaml").write_text(
        "capital: 20000\n"
        "data:\n  X: {path: x.csv}\n"
        "  XO: {chain: xo.csv, format: csv, underlying: X, root: XO, columns: {timestamp: date}}\n"
        f"instruments: {{XO: {{style: european, multiplier: 100, delivery: {delivery}, settlement: pm}}}}\n"
        "execution: {commission: {per_share: 1}}\n"
        f"strategies:\n{strategies}"
    )


#: The same of a vertical that is rolled: four dollars of fees for two legs that open and close, two after that.
VERTICALS = [("2024-01-04", 0.55, 0.45, -14.0, "rolled"), ("2024-01-12", 0.55, 5.0, 443.0, "assigned")]


def ran(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, delivery: str) -> Path:
    """Run a strategy on either engine, each with its book, verify and reproduce it, and return its folder."""
    monkeypatch.chdir(folder)
    engines = ("backtrader", "nautilus")
    lines = (f"  {one}: {{name: own.py:{name}, framework: {one}, allocation: 50, symbols: [XO, X]}}" for one in engines)
    written(folder, "\n".join(lines), delivery)
    done = backtest(Request("p.yaml", lookahead=False))
    assert done.folder is not None, done.error
    assert verify.verify(verify.Request("latest")).difference is None
    assert reproduce.reproduce(reproduce.Request("latest")).identical
    return done.folder


def rows(folder: Path, file: str, *names: str) -> list[tuple[object, ...]]:
    run = read_run(folder.parent, folder.name, [file])
    return list(zip(*run.columns(file, ("framework", *names)), strict=True))


@pytest.mark.parametrize(("name", "expected"), [("Condor", CONDORS), ("Roll", VERTICALS)])
def test_structures_to_their_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, expected: list[tuple[object, ...]]
) -> None:
    """Inside, above, between the puts, below; and a roll: the same on each engine, and profits are all that was won."""
    folder = ran(tmp_path, monkeypatch, name, "cash")
    stored = rows(folder, STRUCTURES, "exited", "entry", "exit", "profit", "cause")
    figures = read_run(folder.parent, folder.name).figures
    for engine in ("backtrader", "nautilus"):
        assert [(label_text(exited), *rest) for each, exited, *rest in stored if each == engine] == expected
        assert figures["strategies"][engine]["final_equity"] == pytest.approx(10_000 + sum(one[3] for one in expected))


def test_shares_that_cannot_be_paid_are_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four puts deliver 400 shares at 95 to an account of 10,000, and a margin call sells them at the next open."""
    folder = ran(tmp_path, monkeypatch, "Put", "physical")
    fills = rows(folder, "fills.parquet", "symbol", "quantity", "price", "reason")
    for engine in ("backtrader", "nautilus"):
        assert [fill[1:] for fill in fills if fill[0] == engine] == [
            ("XO 2024-01-26 P 95", -4.0, 0.8, ""),
            ("XO 2024-01-26 P 95", 4.0, 0.0, "settlement"),
            ("X", 400.0, 95.0, "settlement"),
            ("X", -400.0, 80.0, "margin_call"),
        ]
    assert rows(folder, STRUCTURES, "profit", "cause") == [
        ("backtrader", 320 - 4 * 1500 - 4.0, "assigned"),
        ("nautilus", 320 - 4 * 1500 - 4.0, "assigned"),
    ]


def test_a_chain_that_has_changed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran(tmp_path, monkeypatch, "Put", "physical")
    quotes = (tmp_path / "xo.csv").read_text()
    (tmp_path / "xo.csv").write_text(quotes.replace("0.8,0.85", "0.81,0.85"))
    again = reproduce.reproduce(reproduce.Request("latest"))
    assert [(one.kind, one.name) for one in again.differences][:2] == [("data", "XO"), ("result", "fills")]
    difference = verify.verify(verify.Request("latest")).difference
    assert difference is not None
    assert difference.where == "data.XO: sha256 of its bars"
