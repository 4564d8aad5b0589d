"""The report: one self-contained HTML page, and ``metrics.json`` beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from flashsim.errors import FlashSimError, nearest
from flashsim.files import atomic
from flashsim.validation.gates.changes import changes
from flashsim.validation.metrics import Metrics, StageMetrics, VariableMetrics
from flashsim.validation.page.numbers import FILTERS, over_null
from flashsim.validation.page.sections import section_of
from flashsim.validation.page.style import Style, figures_style
from flashsim.validation.page.svg import shared_styles
from flashsim.validation.variables.impossible import comparable
from flashsim.validation.views import StageView

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Row:
    """A line of the table of variables, worst first."""

    stage: str
    anchor: str
    variable: VariableMetrics

    @property
    def over_null(self) -> float:
        """Its distance, in what two equal samples of this size would show."""
        return over_null(self.variable)


def refuse_report(output_dir: Path) -> None:
    """Raise FlashSimError when a folder holds a report already: none is overwritten unasked."""
    for name in ("report.html", "metrics.json"):
        if (output_dir / name).exists():
            raise FlashSimError(
                f"{output_dir / name}: exists already; choose another folder, or replace it with --overwrite"
            )


def write_report(
    metrics: Metrics,
    views: list[StageView],
    output_dir: Path,
    *,
    style: Style = "ATLAS",
    against: Metrics | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write ``report.html`` and ``metrics.json`` to a folder, each atomically; returns the page's path.

    `style` is mplhep's for the figures; with the metrics of another validation, `against`, the page shows what has
    changed.
    """
    page = render(metrics, views, style=style, against=against, progress=progress)
    for name, text in (("metrics.json", metrics.to_json()), ("report.html", page)):
        with atomic(output_dir / name) as part:
            part.write_text(text, encoding="utf-8")
    return output_dir / "report.html"


def render(
    metrics: Metrics,
    views: list[StageView],
    *,
    style: Style = "ATLAS",
    against: Metrics | None = None,
    progress: Progress | None = None,
) -> str:
    """The text of the page."""
    tell = progress or (lambda text: None)
    by_name = {view.stage: view for view in views}
    for stage in metrics.stages:
        if stage.stage not in by_name:
            raise FlashSimError(f"report: there is no view of stage {stage.stage!r}{nearest(stage.stage, by_name)}")
    with figures_style(style):
        sections = [section_of(stage, comparable(by_name[stage.stage]), tell) for stage in _worst_first(metrics)]
    page = template("report.html.j2").render(
        metrics=metrics,
        style=style,
        sections=sections,
        anchors=set(by_name),
        rows=rows_of(metrics),
        changed=None if against is None else changes(against, metrics),
        counts={verdict: sum(gate.verdict == verdict for gate in metrics.gates) for verdict in ("pass", "fail")},
    )
    return shared_styles(page)


def template(name: str) -> Template:
    """A page's template, with the filters that print numbers."""
    environment = Environment(
        loader=PackageLoader("flashsim.validation.page", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(FILTERS)
    return environment.get_template(name)


def rows_of(metrics: Metrics) -> list[Row]:
    """Every variable of every stage, worst first."""
    rows = [
        Row(stage.stage, f"{stage.stage}-{variable.name}", variable)
        for stage in metrics.stages
        for variable in stage.variables
    ]
    return sorted(rows, key=lambda row: row.over_null, reverse=True)


def _worst_first(metrics: Metrics) -> list[StageMetrics]:
    """Stages in the order of their worst gate, then of their worst variable."""
    rank = {gate.stage: place for place, gate in reversed(list(enumerate(metrics.gates)))}
    failing = {gate.stage for gate in metrics.gates if gate.verdict != "pass"}

    def order(stage: StageMetrics) -> tuple[float, float]:
        worst = max((over_null(variable) for variable in stage.variables), default=0.0)
        return (rank[stage.stage] if stage.stage in failing else len(rank) + len(metrics.gates), -worst)

    return sorted(metrics.stages, key=order)
