"""The whole validation: every stage measured, every gate judged."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from flashsim.errors import FlashSimError
from flashsim.validation.calibration import calibration_metrics, class_fractions
from flashsim.validation.classifier import two_sample_test
from flashsim.validation.correlations import correlations
from flashsim.validation.distances import distances_with_null
from flashsim.validation.efficiency import efficiency_metrics
from flashsim.validation.gates import GateLimits, judge, overall
from flashsim.validation.impossible import finite_rows, impossible_values
from flashsim.validation.metrics import SCHEMA, Measured, Metrics, StageMetrics, VariableMetrics
from flashsim.validation.profiles import COUNTED, centre_and_width, profiles
from flashsim.validation.resampling import Blocks, deal_blocks
from flashsim.validation.tails import tail_fractions
from flashsim.validation.views import StageView, checked

MINIMUM_ROWS = 100
MINIMUM_EVENTS = 20

Progress = Callable[[str], None]


def validate_stages(
    views: list[StageView],
    gates: Mapping[str, GateLimits],
    title: str,
    provenance: Mapping[str, Any],
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> Metrics:
    """Compare reference and candidate, stage by stage, and judge the gates.

    Bad tables raise a FlashSimError. A candidate without objects fails its gates with a sentence that says so; too
    few objects to judge give the verdict "not judged".
    """
    if not views:
        raise FlashSimError("validation: there is no stage to compare")
    tell = progress or (lambda text: None)
    with threadpool_limits(1, user_api="blas"):  # small matrices: threads would only wait for each other
        stages = [measure_stage(view, seed=seed, progress=tell) for view in views]
    results = judge(stages, gates)
    return Metrics(SCHEMA, title, overall(results), results, stages, dict(provenance))


def comparable(view: StageView) -> StageView:
    """The view without the candidate's rows that are not finite (they are counted as impossible)."""
    return replace(view, candidate=view.candidate.keep(finite_rows(view, view.candidate)))


def measure_stage(view: StageView, *, seed: int = 0, progress: Progress) -> StageMetrics:
    """Everything that can be measured on one stage."""
    checked(view)
    frame = StageMetrics(
        stage=view.stage,
        kind=view.kind,
        rows_reference=len(view.reference),
        rows_candidate=len(view.candidate),
        events_reference=len(np.unique(view.reference.event)),
        events_candidate=len(np.unique(view.candidate.event)),
        impossible=impossible_values(view),
    )
    view = comparable(view)
    problem, missing = _problem(view)
    if problem:
        return replace(frame, problem=problem, candidate_missing=missing)
    blocks = deal_blocks(view.reference, view.candidate, seed=seed)
    if view.kind == "category":
        progress(f"{view.stage}: efficiencies and calibration")
        frame = replace(
            frame,
            efficiency=efficiency_metrics(view),
            calibration=calibration_metrics(view, blocks, seed=seed),
            fractions=class_fractions(view, blocks),
        )
    else:
        variables = []
        for name in view.outputs:
            progress(f"{view.stage}: {name}")
            variables.append(measure_variable(view, name, blocks))
        frame = replace(frame, variables=variables)
    progress(f"{view.stage}: correlations and two-sample test")
    return replace(frame, correlations=correlations(view, blocks), two_sample=two_sample_test(view, seed=seed))


def measure_variable(view: StageView, name: str, blocks: Blocks) -> VariableMetrics:
    """Distances, tails and profiles of one output."""
    reference, candidate = (
        np.asarray(table.columns[name], dtype=np.float64) for table in (view.reference, view.candidate)
    )
    weights = (view.reference.weights, view.candidate.weights)
    counted = view.types.get(name) in COUNTED
    centre, width = centre_and_width(reference, weights[0], counted=counted)
    other_centre, other_width = centre_and_width(candidate, weights[1], counted=counted)
    return VariableMetrics(
        name=name,
        unit=view.unit(name),
        type=view.types.get(name, "continuous"),
        centre=centre,
        width=width,
        centre_shift=_shift(centre, other_centre),
        width_ratio=_ratio(width, other_width),
        **distances_with_null(reference, candidate, *weights, blocks),
        tails=[] if counted else tail_fractions(reference, candidate, *weights, blocks),
        profiles=profiles(view, name),
    )


def _problem(view: StageView) -> tuple[str, bool]:
    """Why a stage cannot be compared, if it cannot, and whether the candidate is to blame."""
    rows = {"reference": len(view.reference), "candidate": len(view.candidate)}
    if rows["reference"] == 0:
        return "the reference has no objects in this stage: give more files, or look at the stage's 'where'", False
    if rows["candidate"] == 0:
        return f"the candidate has no comparable objects where the reference has {rows['reference']:,}", True
    for title, table in (("reference", view.reference), ("candidate", view.candidate)):
        events = len(np.unique(table.event))
        if rows[title] < MINIMUM_ROWS or events < MINIMUM_EVENTS:
            return (
                f"the {title} has {rows[title]:,} objects in {events:,} events; at least {MINIMUM_ROWS} in"
                f" {MINIMUM_EVENTS} are needed to judge",
                title == "candidate" and rows["reference"] >= 10 * MINIMUM_ROWS,
            )
    return "", False


def _shift(first: Measured, second: Measured) -> Measured:
    if first.value is None or second.value is None:
        return Measured(None)
    return Measured(second.value - first.value, float(np.hypot(first.error or 0.0, second.error or 0.0)))


def _ratio(first: Measured, second: Measured) -> Measured:
    if not first.value or not second.value:
        return Measured(None)
    ratio = second.value / first.value
    relative = np.hypot((first.error or 0.0) / first.value, (second.error or 0.0) / second.value)
    return Measured(ratio, float(ratio * relative))
