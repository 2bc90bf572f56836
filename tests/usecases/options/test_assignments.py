"""Early assignment: on the eve of a dividend, and of what has no time value left."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.domain.events import OptionAssignedEvent, OptionSettledEvent
from tests.usecases.options.runs import Done, done, write

#: The eve of the ex-date is a Friday, expiry the Wednesday after it.
DAYS = {"2018-02-22": 100.0, "2018-02-23": 110.0, "2018-02-26": 109.0, "2018-02-27": 109.5, "2018-02-28": 104.0}
EX_DATE = {"X": {"2018-02-26": 0.5}}


def quotes(put: float = 0.2, call: float = 10.5) -> list[str]:
    sides = {"call": (call, call + 0.4), "put": (put - 0.1, put)}
    return [f"{day},2018-02-28,100,{right},{bid:.2f},{ask:.2f}" for day in DAYS for right, (bid, ask) in sides.items()]


def sold(
    folder: Path,
    rule: str,
    right: str = "call",
    *,
    engine: str = "backtrader",
    made: list[str] | None = None,
    **top: object,
) -> Done:
    top = {"dividends": EX_DATE, "execution": {"options": {"early_assignment": rule}}} | top
    legs = [["X", 100], ["2018-02-28", right, 100, -1]] if right == "call" else [["2018-02-28", right, 100, -1]]
    return done(write(folder, DAYS, made or quotes(), legs, strategy={"framework": engine}, **top))


def early(run: Done) -> list[tuple[str, float, float, float]]:
    days = list(DAYS)
    steps = run.result.labels.tolist()
    return [
        (days[steps.index(one.t)], one.early, one.cash, one.shares) for one in run.of(OptionAssignedEvent) if one.early
    ]


@pytest.mark.parametrize("engine", ["backtrader", "nautilus"])
def test_a_call_is_assigned_on_the_eve_of_a_dividend(tmp_path: Path, engine: str) -> None:
    """The shares go at the strike; nothing is left to be settled."""
    run = sold(tmp_path, "dividend", engine=engine)
    assert early(run) == [("2018-02-23", "dividend", 10_000.0, -100.0)]
    assert not run.result.strategies["s"].open_positions
    assert run.equity == 100_000 - 10_000 + 1_050 + 10_000
    assert run.of(OptionSettledEvent) == []
    assert [str(record.reason) for record in run.result.fills[2:]] == ["assigned", "assigned"]


@pytest.mark.parametrize(
    ("rule", "top"),
    [
        ("off", {}),
        ("dividend", {"dividends": {"X": {"2018-02-26": 0.2}}}),  # the put costs as much
        ("dividend", {"dividends": {"X": {"2018-02-22": 5.0, "2018-03-05": 5.0}}}),
        ("dividend", {"terms": {"style": "european"}}),
        ("dividend", {"terms": {"delivery": "cash"}}),
        ("deep", {}),  # the middle is 10.70, of which 10 at most are intrinsic on Friday
    ],
)
def test_otherwise_it_is_kept(tmp_path: Path, rule: str, top: dict[str, object]) -> None:
    assert early(sold(tmp_path, rule, **top)) == []


def test_a_put_is_never_assigned_for_a_dividend(tmp_path: Path) -> None:
    assert early(sold(tmp_path, "dividend", "put")) == []


def test_what_has_no_time_value_is_assigned_in_its_last_days(tmp_path: Path) -> None:
    """On Friday, five days before the expiry, it isn't yet; on Monday its middle is 9.01 of 9.00."""
    made = [line.replace("10.50,10.90", "9.99,10.03") for line in quotes()]
    made = [line.replace("9.99,10.03", "8.99,9.03") if line.startswith("2018-02-26") else line for line in made]
    assert early(sold(tmp_path, "deep", made=made)) == [("2018-02-26", "deep", 10_000.0, -100.0)]


def test_what_is_left_of_a_structure_can_be_closed(tmp_path: Path) -> None:
    """Of a short call beside a long put the put is left, with what it cost."""
    strategy = tmp_path / "planned.py"
    path = write(
        tmp_path,
        DAYS,
        quotes(),
        [["2018-02-28", "call", 100, -1], ["2018-02-28", "put", 100, 1]],
        dividends=EX_DATE,
        execution={"options": {"early_assignment": "dividend"}},
    )
    strategy.write_text(
        strategy.read_text().replace(
            "        self.bar += 1\n",
            "        self.bar += 1\n"
            "        if self.bar == 2:\n"
            "            (held,) = context.structures\n"
            "            assert (len(held.legs), round(held.debit, 2)) == (1, 20.0), held\n"
            "            yield Signal.close(held)\n",
        )
    )
    run = done(path)
    assert run.result.strategies["s"].error is None
    assert [one.symbol for one in run.result.strategies["s"].open_positions] == ["X"]
    assert [record.fill.quantity for record in run.result.fills] == [-1.0, 1.0, 1.0, -100.0, -1.0]
