"""`orchestrate validate`: is the configuration right, and what does it mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from orchestrate.cli.failures import failures_shown
from orchestrate.cli.options import DataPaths, NoCache, Settings
from orchestrate.domain.text.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal

    from orchestrate.domain.plan import RunPlan, StrategyPlan
    from orchestrate.domain.results import Finding
    from orchestrate.reporting.ci.notes import Note
    from orchestrate.usecases.validate import Validation


Files = Annotated[list[str], typer.Argument(metavar="FILE…", help="Configurations to check.", show_default=False)]
#: Beside text and json, the keys of `FILE_FORMATS` in reporting/ci/formats.py.
Format = Annotated[
    Literal["text", "json", "github", "gitlab", "sarif"], typer.Option("--format", help="How the result is printed.")
]
Deep = Annotated[
    bool, typer.Option("--deep", help="Load the data too, and check vectorised strategies for look-ahead.")
]


def validate(
    files: Files,
    output: Format = "text",
    settings: Settings = None,
    data: DataPaths = None,
    deep: Deep = False,
    no_cache: NoCache = False,
) -> None:
    """Check configurations without running them."""
    import os

    from orchestrate.cli.process import started_up
    from orchestrate.cli.streams import results_only
    from orchestrate.usecases import validate as usecase

    checked = []
    for file in files:
        with failures_shown(file, _to_ci(output)), results_only():
            checked.append(
                usecase.validate(
                    file,
                    overrides=settings or (),
                    data=data or (),
                    environ=os.environ,
                    deep=deep,
                    cache=not no_cache,
                    ready=started_up,
                )
            )
    _print(checked, output)
    code = usecase.exit_code(checked)
    if code:
        raise typer.Exit(code)


def _print(checked: list[Validation], output: Format) -> None:
    from orchestrate.reporting.output import say, say_json, terminal_width
    from orchestrate.usecases.validate import document, documents

    if output == "json":
        say_json(documents(checked))
    elif output == "text":
        say("\n".join(line for item in checked for line in _as_text(item, terminal_width())))
    elif show := _to_ci(output):
        from orchestrate.reporting.ci.notes import of_validation

        show([note for item in checked for note in of_validation(document(item), item.file)])


def _to_ci(output: Format) -> Callable[[Sequence[Note]], None] | None:
    """Return how the format shows notes; None where it is none for CI."""
    if output in ("text", "json"):
        return None
    from orchestrate.reporting.ci.formats import FILE_FORMATS

    return FILE_FORMATS[output]


def _as_text(item: Validation, width: int | None) -> list[str]:
    from orchestrate.reporting.output import wrapped

    findings = [line for finding in item.findings for line in wrapped(_as_line(finding), width, "      ")]
    lines = [str(problem) for problem in item.resolution.mistakes]
    plan = item.resolution.plan
    file = one_line(item.file)
    if plan is None:
        return [*lines, *findings, f"{file}: {_count(len(item.resolution.mistakes))}"]
    return [*lines, f"{file}: {_verdict(item)}", *map(one_line, _understood(plan, width)), *findings]


def _count(count: int) -> str:
    from orchestrate.config.reading import MOST_PROBLEMS

    if count > MOST_PROBLEMS:
        return f"more than {MOST_PROBLEMS} errors"
    return "1 error" if count == 1 else f"{count} errors"


def _verdict(item: Validation) -> str:
    if item.resolution.missing:
        return "the configuration is right, but data is missing"
    if item.unusable:
        return "the configuration is right, but its data can't be used"
    if item.incompatible:
        return "the strategies are less compatible than required"
    return "a strategy failed the look-ahead check" if item.looked_ahead else "valid"


def _as_line(finding: Finding) -> str:
    times = f" ({finding.count} times)" if finding.count > 1 else ""
    return one_line(f"  {finding.severity}: {finding.where}: {finding.message}{times}")


def _understood(plan: RunPlan, width: int | None) -> list[str]:
    """Return the plan in a few lines: money, data, and a row for each strategy."""
    from orchestrate.reporting.output import wrapped

    period = " ".join(
        text for text in (f"from {plan.start}" if plan.start else "", f"to {plan.end}" if plan.end else "") if text
    )
    symbols = _few(list(plan.data)) or "no data"
    total = plan.capital.total
    whole = f"{total:,.0f}" if total == total.to_integral_value() else f"{total:,f}"
    capital = f"{whole} {plan.capital.currency}{' pooled' if plan.capital.mode == 'pooled' else ''}"
    lines = wrapped(f"  {plan.mode}, {capital}, {symbols}{', ' + period if period else ''}", width, "    ")
    rows = [
        (
            strategy.id,
            strategy.name,
            strategy.framework,
            *_capital_of(strategy.weight, plan),
            _few(list(strategy.symbols)),
            _sizing_of(strategy),
            " ".join(f"{key}={value}" for key, value in strategy.config.items() if value is not None),
        )
        for strategy in plan.strategies
    ]
    lines += _table(rows, width)
    reserve = 1 - sum(strategy.weight for strategy in plan.strategies)
    if reserve:
        lines.append(f"  {_percent(reserve)} % stays in reserve")
    if plan.gates:
        gates = "; ".join(str(gate).removesuffix(".0") for gate in plan.gates)
        lines += wrapped(f"  gates: {gates}", width, "    ")
    return lines


def _table(rows: Sequence[tuple[str, ...]], width: int | None) -> list[str]:
    """Return a line a strategy; where one is wider than the terminal, symbols, sizing and parameters below each."""
    from orchestrate.reporting.figures import columns
    from orchestrate.reporting.output import wrapped

    table = [f"  {line}" for line in columns(rows[0], rows[1:], right=(3, 4))]
    if width is None or max(map(len, table)) <= width:
        return table
    short = columns(rows[0][:5], [row[:5] for row in rows[1:]], right=(3, 4))
    lines = []
    for line, row in zip(short, rows, strict=True):
        lines += [f"  {line}", *wrapped(f"    {'; '.join(filter(None, row[5:]))}", width, "    ")]
    return lines


def _capital_of(weight: Decimal, plan: RunPlan) -> tuple[str, str]:
    """Return a share of the capital in percent and in money, as far as it is known before the data is read."""
    from orchestrate.wiring import estimates_weights

    if estimates_weights(plan):
        return plan.allocation.method, f"of {plan.allocation.lookback} bars"
    return f"{_percent(weight)} %", f"{weight * plan.capital.total:,.2f}"


def _sizing_of(strategy: StrategyPlan) -> str:
    """Return how the strategy's entries are sized; nothing for a native that sizes them itself."""
    from orchestrate.wiring import ENGINES

    engine = ENGINES.get(strategy.kind)
    sizes_itself = engine is not None and engine.natives is not None and not engine.natives.sized
    return "" if sizes_itself else str(strategy.sizing)


def _few(symbols: list[str], most: int = 6) -> str:
    """Return the symbols, or the first of them and how many there are."""
    if len(symbols) <= most:
        return ", ".join(symbols)
    return f"{', '.join(symbols[: most - 1])}, … ({len(symbols)} symbols)"


def _percent(share: object) -> str:
    return f"{float(str(share)) * 100:.2f}".rstrip("0").rstrip(".")
