"""The page in front of the reports of several collections."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flashsim.files import atomic
from flashsim.validation.metrics import GateResult, Metrics
from flashsim.validation.page.report import Row, rows_of, template


@dataclass(frozen=True)
class Entry:
    """A collection's line."""

    name: str
    metrics: Metrics

    @property
    def passed(self) -> int:
        """How many gates hold."""
        return sum(gate.verdict == "pass" for gate in self.metrics.gates)

    @property
    def first(self) -> GateResult | None:
        """The first gate that does not."""
        return next((gate for gate in self.metrics.gates if gate.verdict != "pass"), None)

    @property
    def variables(self) -> list[Row]:
        """The variables, worst first."""
        return rows_of(self.metrics)


def write_index(title: str, collections: Mapping[str, Metrics], output_dir: Path) -> Path:
    """Write ``index.html``, which leads to the report of each collection in the folder of its name."""
    page = template("index.html.j2").render(
        title=title, collections=[Entry(name, metrics) for name, metrics in collections.items()]
    )
    with atomic(output_dir / "index.html") as part:
        part.write_text(page, encoding="utf-8")
    return output_dir / "index.html"
