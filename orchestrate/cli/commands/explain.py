"""`orchestrate explain`: why orders of a stored run were placed, cut, refused, or never came."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from orchestrate.cli.options import Reports, RunId

StrategyId = Annotated[
    str | None, typer.Option("--strategy", metavar="ID", help="Orders of this strategy.", show_default=False)
]
Symbol = Annotated[
    str | None, typer.Option("--symbol", metavar="S", help="Orders for this symbol.", show_default=False)
]
At = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="LABEL",
        help="What was decided at the close of this bar, as reports show it; or of a day, month or year.",
        show_default=False,
    ),
]
OrderId = Annotated[
    str | None, typer.Option("--order", metavar="ID", help="This order, such as trend-1.", show_default=False)
]
ExplanationFormat = Annotated[Literal["text", "json"], typer.Option("--format", help="How the explanation is printed.")]


def explain(
    run: RunId,
    strategy: StrategyId = None,
    symbol: Symbol = None,
    at: At = None,
    order: OrderId = None,
    output: ExplanationFormat = "text",
    reports: Reports = Path("reports"),
) -> None:
    """Explain why orders were placed, cut, refused, or never came.

    Without options: the most frequent reasons, and the costliest refusals and cuts.
    """
    from orchestrate.data.files.bounds import require_room
    from orchestrate.runs.explanation import Question
    from orchestrate.usecases import explain as usecase

    require_room()
    explanation = usecase.explain(run, reports, Question(strategy, symbol, at, order), all_orders=output == "json")
    if output == "json":
        from orchestrate.reporting.output import say_json_lists

        say_json_lists(explanation.document())
    else:
        from orchestrate.reporting.explanation import show

        show(explanation)
