"""The report: one self-contained HTML page, and ``metrics.json`` beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from flashsim.errors import FlashSimError, nearest
from flashsim.files import atomic
from flashsim.validation.metrics import Metrics, StageMetrics, VariableMetrics
from flashsim.validation.numbers import FILTERS, over_null
from flashsim.validation.plots_category import maps, projections, pulls_and_reliability
from flashsim.validation.plots_joint import correlation_matrices, two_sample
from flashsim.validation.plots_response import distribution, profile_panels
from flashsim.validation.style import figures_style
from flashsim.validation.validate import comparable
from flashsim.validation.views import StageView

Progress = Callable[[str], None]
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


def write_report(
    metrics: Metrics, views: list[StageView], output_dir: Path, *, progress: Progress | None = None
) -> Path:
    """Write ``report.html`` and ``metrics.json`` to a folder, each atomically; returns the page's path."""
    page = render(metrics, views, progress=progress)
    for name, text in (("metrics.json", metrics.to_json()), ("report.html", page)):
        with atomic(output_dir / name) as part:
            part.write_text(text, encoding="utf-8")
    return output_dir / "report.html"


def render(metrics: Metrics, views: list[StageView], *, progress: Progress | None = None) -> str:
    """The text of the page."""
    tell = progress or (lambda text: None)
    by_name = {view.stage: view for view in views}
    for stage in metrics.stages:
        if stage.stage not in by_name:
            raise FlashSimError(f"report: there is no view of stage {stage.stage!r}{nearest(stage.stage, by_name)}")
    with figures_style():
        sections = [(stage, _plots(stage, comparable(by_name[stage.stage]), tell)) for stage in metrics.stages]
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
    template = environment.get_template("report.html.j2")
    return template.render(
        metrics=metrics,
        sections=sections,
        rows=rows,
        counts={verdict: sum(gate.verdict == verdict for gate in metrics.gates) for verdict in ("pass", "fail")},
    )


def _plots(stage: StageMetrics, view: StageView, tell: Progress) -> dict[str, list[Plot]]:
    """All figures of a stage, by the name of what they show."""
    if stage.problem:
        return {}
    tell(f"{stage.stage}: figures")
    plots: dict[str, list[Plot]] = {}
    if stage.efficiency is not None and stage.efficiency.maps:
        plots["efficiency"] = _efficiency_plots(stage)
    for variable in stage.variables:
        plots[variable.name] = [Plot("", Markup(distribution(view, variable.name)))]
        if variable.profiles:
            plots[variable.name].append(Plot("", Markup(profile_panels(variable))))
    joint = []
    if stage.two_sample is not None and stage.two_sample.false_positive:
        joint.append(Plot("Two-sample test", Markup(two_sample(stage.two_sample))))
    if stage.correlations is not None:
        joint.append(Plot("Correlations", Markup(correlation_matrices(stage.correlations))))
    plots["joint"] = joint
    return plots


def _efficiency_plots(stage: StageMetrics) -> list[Plot]:
    found = stage.efficiency
    if found is None:
        return []
    plots = []
    classes = {entry.class_value for entry in found.maps}
    shown = classes & _most_frequent(stage)
    for value in sorted(shown):
        of_class = [entry for entry in found.maps if entry.class_value == value]
        label = of_class[0].class_label
        plots.append(Plot(f"Probability of “{label}”, per species", Markup(projections(of_class))))
        everything = [entry for entry in of_class if not entry.species]
        plots += [Plot(f"Probability of “{label}”, all objects", Markup(maps(entry))) for entry in everything]
    judged = f" of all {len(classes)} classes, {len(shown)} of which are shown above" if shown < classes else ""
    plots.append(Plot(f"Pulls and calibration{judged}", Markup(pulls_and_reliability(found, stage.calibration))))
    return plots


def _most_frequent(stage: StageMetrics) -> set[int]:
    """Of a category with many classes (a number of hits) some: all are judged, and the page stays readable."""
    by_frequency = sorted(stage.fractions, key=lambda fraction: -(fraction.reference.value or 0.0))
    return {fraction.class_value for fraction in by_frequency[:SHOWN_CLASSES]}
