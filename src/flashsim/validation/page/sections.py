"""The section of one stage on the page: its figures, and the numbers behind those that the page draws itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from markupsafe import Markup

from flashsim.validation.metrics import EfficiencyMap, StageMetrics
from flashsim.validation.page.explorer import (
    embedded,
    explored_efficiency,
    explored_event_quantity,
    explored_profiles,
    explored_variable,
)
from flashsim.validation.page.plots_category import maps, projections, pulls_and_reliability
from flashsim.validation.page.plots_joint import correlation_matrices, two_sample
from flashsim.validation.page.plots_response import distribution, profile_panels
from flashsim.validation.views import StageView

Progress = Callable[[str], None]
SHOWN_CLASSES = 4


@dataclass(frozen=True)
class Plot:
    """A figure and the line above it."""

    title: str
    svg: Markup
    remark: str = ""


class Section(NamedTuple):
    """A stage, its figures and the numbers of its panels by what they show; `shown`: objects in them, if not all."""

    stage: StageMetrics
    plots: dict[str, list[Plot]]
    explored: dict[str, list[Markup]]
    shown: tuple[int, int] | None = None


def section_of(stage: StageMetrics, view: StageView, tell: Progress) -> Section:
    """The figures of a stage, and the numbers behind those that the page draws itself, by what they show."""
    if stage.problem:
        return Section(stage, {}, {})
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
    sizes = len(view.reference), len(view.candidate)
    fewer = sizes[0] < stage.rows_reference and stage.kind == "response"
    return Section(stage, plots, explored, sizes if fewer else None)


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
