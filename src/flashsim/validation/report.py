"""The report: one self-contained HTML page, and ``metrics.json`` beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from flashsim.errors import FlashSimError, nearest
from flashsim.files import atomic
from flashsim.validation.against import changes
from flashsim.validation.explorer import (
    embedded,
    explored_efficiency,
    explored_event_quantity,
    explored_profiles,
    explored_variable,
)
from flashsim.validation.metrics import EfficiencyMap, Metrics, StageMetrics, VariableMetrics
from flashsim.validation.numbers import FILTERS, over_null
from flashsim.validation.plots_category import maps, projections, pulls_and_reliability
from flashsim.validation.plots_joint import correlation_matrices, two_sample
from flashsim.validation.plots_response import distribution, profile_panels
from flashsim.validation.style import Style, figures_style
from flashsim.validation.svg import shared_styles
from flashsim.validation.validate import comparable
from flashsim.validation.views import StageView

Progress = Callable[[str], None]
Section = tuple[StageMetrics, dict[str, list["Plot"]], dict[str, list[Markup]]]
SHOWN_CLASSES = 4


@dataclass(frozen=True)
class Plot:
    """A figure and the line above it."""

    title: str
    svg: Markup
    remark: str = ""


@dataclass(frozen=True)
class Row:
    """A line of the table of variables, worst first."""

    stage: str
    anchor: str
    variable: VariableMetrics


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
        sections = [_section(stage, comparable(by_name[stage.stage]), tell) for stage in _worst_first(metrics)]
    rows = [
        Row(stage.stage, f"{stage.stage}-{variable.name}", variable)
        for stage in metrics.stages
        for variable in stage.variables
    ]
    rows.sort(key=lambda row: over_null(row.variable), reverse=True)
    environment = Environment(
        loader=PackageLoader("flashsim.validation", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(FILTERS)
    page = environment.get_template("report.html.j2").render(
        metrics=metrics,
        style=style,
        sections=sections,
        anchors=set(by_name),
        rows=rows,
        changed=None if against is None else changes(against, metrics),
        counts={verdict: sum(gate.verdict == verdict for gate in metrics.gates) for verdict in ("pass", "fail")},
    )
    return shared_styles(page)


def _worst_first(metrics: Metrics) -> list[StageMetrics]:
    """Stages in the order of their worst gate, then of their worst variable."""
    rank = {gate.stage: place for place, gate in reversed(list(enumerate(metrics.gates)))}
    failing = {gate.stage for gate in metrics.gates if gate.verdict != "pass"}

    def order(stage: StageMetrics) -> tuple[float, float]:
        worst = max((over_null(variable) for variable in stage.variables), default=0.0)
        return (rank[stage.stage] if stage.stage in failing else len(rank) + len(metrics.gates), -worst)

    return sorted(metrics.stages, key=order)


def _section(stage: StageMetrics, view: StageView, tell: Progress) -> Section:
    """The figures of a stage, and the numbers behind those that the page draws itself, by what they show."""
    if stage.problem:
        return stage, {}, {}
    tell(f"{stage.stage}: figures")
    plots: dict[str, list[Plot]] = {}
    explored: dict[str, list[Markup]] = {}
    if stage.efficiency is not None and stage.efficiency.maps:
        lines = stage.efficiency.projections
        plots["efficiency"] = _efficiency_plots(stage)
        explored["efficiency"] = [
            _explorer(
                explored_efficiency(of_class, [one for one in lines if one.class_value == of_class[0].class_value])
            )
            for of_class in _shown_maps(stage)
        ]
    for variable in stage.variables:
        plots[variable.name] = [Plot("", Markup(distribution(view, variable.name)))]
        explored[variable.name] = [_explorer(explored_variable(view, variable.name))]
        if variable.profiles:
            plots[variable.name].append(Plot("", Markup(profile_panels(variable))))
            explored[variable.name].append(_explorer(explored_profiles(variable)))
    explored["events"] = [_explorer(explored_event_quantity(entry)) for entry in stage.per_event if entry.edges]
    joint = []
    if stage.two_sample is not None and stage.two_sample.false_positive:
        joint.append(Plot("Two-sample test", Markup(two_sample(stage.two_sample))))
    if stage.correlations is not None:
        joint.append(Plot("Correlations", Markup(correlation_matrices(stage.correlations))))
    plots["joint"] = joint
    return stage, plots, explored


def _explorer(explored: dict[str, Any]) -> Markup:
    return Markup(embedded(explored))


def _efficiency_plots(stage: StageMetrics) -> list[Plot]:
    found = stage.efficiency
    if found is None:
        return []
    plots = []
    for of_class in _shown_maps(stage):
        label = of_class[0].class_label
        plots.append(Plot(f"Probability of “{label}”, per species", Markup(projections(of_class))))
        everything = [entry for entry in of_class if not entry.species and len(entry.axes) == 2]
        plots += [Plot(f"Probability of “{label}”, all objects", Markup(maps(entry))) for entry in everything]
    classes = {entry.class_value for entry in found.maps}
    shown = classes & _most_frequent(stage)
    judged = f" of all {len(classes)} classes, {len(shown)} of which are shown above" if shown < classes else ""
    plots.append(Plot(f"Pulls and calibration{judged}", Markup(pulls_and_reliability(found, stage.calibration))))
    return plots


def _shown_maps(stage: StageMetrics) -> list[list[EfficiencyMap]]:
    """The maps of each class that is shown, all species first."""
    found = stage.efficiency
    if found is None:
        return []
    shown = sorted({entry.class_value for entry in found.maps} & _most_frequent(stage))
    of_class = [[entry for entry in found.maps if entry.class_value == value] for value in shown]
    return [sorted(entries, key=lambda entry: entry.species != "") for entries in of_class]


def _most_frequent(stage: StageMetrics) -> set[int]:
    """Of a category with many classes (a number of hits) some: all are judged, and the page stays readable."""
    by_frequency = sorted(stage.fractions, key=lambda fraction: -(fraction.reference.value or 0.0))
    return {fraction.class_value for fraction in by_frequency[:SHOWN_CLASSES]}
