"""The verdict of a validation as a table."""

from rich.markup import escape
from rich.table import Table

from flashsim.cli.app import console
from flashsim.validation import Metrics

COLOURS = {"pass": "green", "fail": "bold red", "not judged": "yellow"}


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
            f"{gate.stage}: {gate.criterion}",
            measured,
            f"{sense} {gate.limit:g}",
            f"[{colour}]{gate.verdict}[/]",
            f"[dim]{escape(gate.explanation)}[/]",
        )
    console.print(table, highlight=False)
    return metrics.passed
