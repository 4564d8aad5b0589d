"""The verdict of a validation as a table, and the status that a command leaves with."""

from collections.abc import Mapping
from pathlib import Path

import typer
from rich.markup import escape
from rich.table import Table

from flashsim.cli.app import console
from flashsim.validation import Changes, Metrics
from flashsim.validation.page.numbers import with_error

COLOURS = {"pass": "green", "fail": "bold red", "not judged": "yellow"}
STATUS = {"pass": 0, "fail": 1, "not judged": 2}
SHOWN_CHANGES = 20


def leave_with_verdict(metrics: Metrics, output: Path, changed: Changes | None) -> None:
    """Print the verdict and what has changed; leave with status 0 (pass), 1 (fail) or 2 (could not be judged)."""
    print_verdict(metrics)
    for name, reason in metrics.provenance.get("not compared", {}).items():
        console.print(f"[yellow]not compared[/] {name}: {escape(reason)}", highlight=False, soft_wrap=True)
    if changed is not None:
        print_changes(changed)
    console.print(f"Report [bold]{output / 'report.html'}[/]", highlight=False, soft_wrap=True)
    if metrics.verdict != "pass":
        raise typer.Exit(STATUS[metrics.verdict])


def leave_with_verdicts(verdicts: Mapping[str, Metrics], output: Path) -> None:
    """Print the verdict of each collection; leave with the status of the worst."""
    for name, metrics in verdicts.items():
        console.print(f"[bold]{escape(name)}[/]", highlight=False)
        print_verdict(metrics)
    console.print(f"Reports [bold]{output / 'index.html'}[/]", highlight=False, soft_wrap=True)
    found = {metrics.verdict for metrics in verdicts.values()}
    worst = next(verdict for verdict in ("fail", "not judged", "pass") if verdict in found)
    if worst != "pass":
        raise typer.Exit(STATUS[worst])


def print_verdict(metrics: Metrics) -> bool:
    """Print every gate with its measurement; return whether all of them hold."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("gate", "measured", "limit", "verdict", ""):
        table.add_column(title, justify="right" if title in ("measured", "limit") else "left")
    for gate in metrics.gates:
        value = gate.measured.value
        error = "" if gate.measured.error is None else f" ± {gate.measured.error:.3g}"
        measured = "–" if value is None else f"{value:.4g}{error}"
        sense = "≤" if gate.sense == "at most" else "≥"
        colour = COLOURS[gate.verdict]
        table.add_row(
            f"{gate.stage}: {escape(gate.criterion)}",
            measured,
            f"{sense} {gate.limit:g}",
            f"[{colour}]{gate.verdict}[/]",
            f"[dim]{escape(gate.explanation)}[/]",
        )
    console.print(table, highlight=False)
    return metrics.passed


def print_changes(changed: Changes) -> None:
    """Print what got worse or better beyond its errors, worst first."""
    worse, better = changed.of("worse"), changed.of("better")
    console.print(
        f"Against [bold]{escape(changed.title)}[/]: {len(worse)} worse and {len(better)} better beyond 3 σ, of "
        f"{len(changed.numbers)} numbers in both",
        highlight=False,
    )
    for one in changed.verdicts:
        was, now = (verdict or "not there" for verdict in (one.before, one.after))
        console.print(f"  {one.stage}: {escape(one.criterion)}: was {was}, is {now}", highlight=False)
    shown = [*worse, *better][:SHOWN_CHANGES]
    if not shown:
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("", "", "before", "now", "difference"):
        table.add_column(title, justify="right" if title else "left")
    for change in shown:
        colour = "red" if change.direction == "worse" else "green"
        sigmas = "∞" if change.sigmas is None else f"{abs(change.sigmas):.1f}"
        table.add_row(
            f"[{colour}]{change.direction}[/]",
            f"{change.stage}: {escape(change.what)}",
            with_error(change.before),
            with_error(change.after),
            f"{sigmas} σ",
        )
    console.print(table, highlight=False)
