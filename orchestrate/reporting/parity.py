"""How far engines agree: on a terminal, and as JUnit for CI; made from the document of `parity` alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from orchestrate.domain.text import printable
from orchestrate.reporting import output
from orchestrate.reporting.ci.junit import PORTFOLIO, Case, suite_text

Document = dict[str, Any]
_MARGIN: Final = (0, 0, 0, 2)
#: So many differences are shown as text; JSON has all.
_DIFFERENCES: Final = 20
#: The kinds of differences of each case of JUnit.
_CASES: Final = {"orders": "order", "trades": "trade", "equity": "equity"}


def show(
    document: Document,
    engines: Sequence[str],
    explanations: Mapping[str, str],
    *,
    file: IO[str] | None = None,
    width: int | None = None,
) -> None:
    """Print agreement as figures, then the first differences with both sides, and what explains them."""
    parts = _parts(printable.document(document), engines, explanations)
    output.show(Group(*parts), file=file, width=width)


def _parts(document: Document, engines: Sequence[str], explanations: Mapping[str, str]) -> Iterator[RenderableType]:
    verdict = ("equal", "bold green") if document["equal"] else ("different", "bold red")
    yield Text.assemble(("Parity ", "bold"), f"of {' and '.join(engines)}  ", verdict)
    yield Text()
    yield Padding(_agreement(document["strategies"]), _MARGIN, expand=False)
    if document["skipped"]:
        yield Text(f"\nSkipped, because natives run on their own engine alone: {', '.join(document['skipped'])}")
    if document["differences"]:
        yield Text("\nDifferences", style="bold")
    for difference in document["differences"][:_DIFFERENCES]:
        yield Padding(_paragraph(difference, engines), _MARGIN, expand=False)
    more = len(document["differences"]) - _DIFFERENCES
    if more > 0:
        yield Text(f"  … and {more:,} more (--format json shows all)")
    for name, text in explanations.items():
        yield Text.assemble("\n", (name, "yellow"), f": {text}")


def _agreement(strategies: Document) -> Table:
    """Return the figures of each strategy."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim", expand=False)
    table.add_column("strategy", overflow="fold")
    for head in ("equal orders", "equal trades", "steps", "equity apart by"):
        table.add_column(head, justify="right", no_wrap=True)
    for name, one in strategies.items():
        equity = one["equity"]
        shares = (_share(one["orders"]), _share(one["trades"]))
        table.add_row(name, *shares, f"{equity['steps']:,}", f"{equity['worst']:.3g}")
    return table


def _share(agreement: Document) -> Text:
    equal, compared = agreement["equal"], agreement["compared"]
    return Text(f"{equal:,} of {compared:,}", "" if equal == compared else "red")


def _paragraph(difference: Document, engines: Sequence[str]) -> Group:
    """Return a difference: whose it is, what each engine has, and what explains it."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for engine, text in _sides(difference, engines):
        grid.add_row(engine, text)
    grid.add_row("", Text(_because(difference, engines), "yellow"))
    first = Text.assemble((difference["strategy"] or PORTFOLIO, "bold"), f"  {_headline(difference)}")
    return Group(first, Padding(grid, _MARGIN, expand=False))


def _because(difference: Document, engines: Sequence[str]) -> str:
    """Return what explains a difference; of failures that are alike, why they count as one."""
    first, *rest = (difference.get(engine) for engine in engines)
    alike = difference["kind"] == "status" and all(one == first for one in rest)
    return "alike, but a strategy that fails proves nothing" if alike else str(difference["explained_by"])


def _headline(difference: Document) -> str:
    return f"{difference['kind']}  {difference['t']}" if difference["t"] else str(difference["kind"])


def _sides(difference: Document, engines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield both sides in words, with all digits of their figures."""
    for engine in engines:
        if engine in difference:
            side = difference[engine]
            yield engine, _SENTENCES[difference["kind"]](side) if side else f"no such {difference['kind']}"


def _order(side: Document) -> str:
    what = f"{side['t']}  {side['side']} {_figure(side['quantity'])} {side['symbol']}"
    done = side["ended"] if side["price"] is None else f"at {_figure(side['price'])}, fee {_figure(side['fee'])}"
    return f"{what} {done}  ({side['order_id']})"


def _trade(side: Document) -> str:
    entry, exit_ = (f"{side[when]} at {_figure(side[at])}" for when, at in _ENDS)
    result = f"profit {_figure(side['profit'])}, fees {_figure(side['fees'])}"
    return f"{_figure(side['quantity'])} {side['symbol']} from {entry} to {exit_}, {result}"


def _equity(side: Document) -> str:
    return _figure(side["equity"])


def _status(side: Document) -> str:
    when = f" ({side['t']})" if side["t"] else ""
    return f"{side['status']}: {side['error']}{when}" if side["error"] else str(side["status"])


def _figure(value: float) -> str:
    return repr(value).removesuffix(".0")


_ENDS: Final = (("entered", "entry_price"), ("exited", "exit_price"))
_SENTENCES: Final[dict[str, Callable[[Document], str]]] = {
    "order": _order,
    "trade": _trade,
    "equity": _equity,
    "status": _status,
}


def junit(document: Document, engines: Sequence[str], name: str) -> str:
    """Return the document as JUnit: a case for each strategy's orders, trades and equity, failed ones with both sides.

    In ASCII; natives are skipped cases, and a status that fails the comparison is a case of its own.
    """
    shown = printable.document(document)
    cases = [case for strategy in shown["strategies"] for case in _cases(strategy, shown["differences"], engines)]
    cases += _case_of_status(PORTFOLIO, [one for one in shown["differences"] if not one["strategy"]], engines)
    cases += [Case(name, "parity", "skipped", "a native runs on its own engine alone") for name in shown["skipped"]]
    return suite_text(cases, f"parity {name}")


def _cases(strategy: str, differences: Sequence[Document], engines: Sequence[str]) -> Iterator[Case]:
    own = [one for one in differences if one["strategy"] == strategy]
    yield from _case_of_status(strategy, own, engines)
    for name, kind in _CASES.items():
        yield _case(strategy, name, [one for one in own if one["kind"] == kind], engines)


def _case_of_status(strategy: str, own: Sequence[Document], engines: Sequence[str]) -> list[Case]:
    statuses = [one for one in own if one["kind"] == "status"]
    return [_case(strategy, "status", statuses, engines)] if statuses else []


def _case(strategy: str, name: str, differences: Sequence[Document], engines: Sequence[str]) -> Case:
    if not differences:
        return Case(strategy, name)
    count = len(differences)
    lines = "\n".join(line for one in differences for line in _lines(one, engines))
    return Case(strategy, name, "failure", f"{count:,} difference{'s' if count > 1 else ''}", lines)


def _lines(difference: Document, engines: Sequence[str]) -> Iterator[str]:
    yield f"{_headline(difference)}, {_because(difference, engines)}"
    for engine, text in _sides(difference, engines):
        yield f"  {engine}: {text}"
