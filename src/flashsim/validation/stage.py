"""One stage, measured block by block."""

from dataclasses import replace
from functools import partial

import numpy as np

from flashsim.validation.categories.calibration import CalibrationSums, ClassSums, calibration_metrics, class_fractions
from flashsim.validation.categories.counts import MapSums
from flashsim.validation.categories.efficiency import efficiency_metrics, efficiency_tests
from flashsim.validation.coding.binning import SPECIES
from flashsim.validation.coding.frame import FIRST_ROWS, Frame, Side, frame_of, sides
from flashsim.validation.joint.correlations import Products, correlations
from flashsim.validation.joint.distances import joint_metrics
from flashsim.validation.ledger import Ledger
from flashsim.validation.metrics import StageMetrics, VariableMetrics
from flashsim.validation.statistics import GROUPS, Effort, GroupSums, Resampling, Sizes
from flashsim.validation.steps import Steps
from flashsim.validation.threads import in_threads
from flashsim.validation.two_sample.classifiers import Fit, fit_forest, fit_network
from flashsim.validation.two_sample.cross_fit import two_sample_test
from flashsim.validation.variables.contents import Contents, centre_width_and_changes, distances, tail_fractions
from flashsim.validation.variables.profiles import COUNTED, ProfileSums, profiles
from flashsim.validation.variables.pulls import PullSums, pull
from flashsim.validation.variables.whole_events import EventSums, per_event
from flashsim.validation.views import StageView
from flashsim.validation.views.blocks import KeptSample


class StageSums:
    """All sums of a stage. `add` takes blocks in any order; `measure` reads everything off in the end."""

    def __init__(self, first: StageView, *, seed: int, effort: Effort) -> None:
        chosen = KeptSample(FIRST_ROWS)
        chosen.add(first)
        first = chosen.view()
        self.frame: Frame = frame_of(first)
        self.seed, self.effort = seed, effort
        self.kept = KeptSample(effort.rows)
        self.weight, self.squares = np.zeros((2, GROUPS)), np.zeros((2, GROUPS))
        self.products = Products(self.frame), Products(self.frame)
        self.events = EventSums(first)
        self.pulls = [(PullSums(*names), PullSums(*names)) for names in first.pulls.items()]
        self.contents: dict[str, tuple[Contents, Contents]] = {}
        self.profiles: dict[str, list[tuple[ProfileSums, ProfileSums]]] = {}
        self.maps: list[MapSums] = []
        self.classes = ClassSums(first) if first.kind == "category" else None
        self.calibration = None if first.probability is None else CalibrationSums(first, seed=seed)
        axes = list(self.frame.axes)
        if first.kind == "category":
            self.maps = [MapSums(self.frame, [axis]) for axis in axes]
            spanning = [axis for axis in axes if axis != SPECIES][:2]
            self.maps += [MapSums(self.frame, spanning)] if len(spanning) == 2 else []
            return
        reference = sides(self.frame, first)[0]
        for name in first.outputs:
            scale = self.frame.scales[name]
            self.contents[name] = Contents(scale), Contents(scale)
            self.profiles[name] = [
                (ProfileSums(self.frame, reference, name, axis), ProfileSums(self.frame, reference, name, axis))
                for axis in axes
            ]

    def add(self, block: StageView) -> None:
        """Count a block, of which every value is finite."""
        both = sides(self.frame, block)
        self.kept.add(block)
        self.events.add(block)
        if self.classes is not None:
            self.classes.add(both)
        if self.calibration is not None:
            self.calibration.add(block, both[0])
        for one in self.maps:
            one.add(block, both)
        for k, side in enumerate(both):
            self.weight[k] += np.bincount(side.group, side.weight, GROUPS)
            self.squares[k] += np.bincount(side.group, side.weight**2, GROUPS)
            self.products[k].add(side)
            for pair in self.pulls:
                pair[k].add(side)
            self._add_outputs(k, side)

    def _add_outputs(self, k: int, side: Side) -> None:
        for name, contents in self.contents.items():
            contents[k].add(side, name)
            standardised = self.frame.scales[name].standardised(side.table.columns[name])
            for profile in self.profiles[name]:
                profile[k].add(side, standardised)

    def measure(self, frame: StageMetrics, drawn: Resampling, ledger: Ledger, steps: Steps) -> StageMetrics:
        """Everything that can be measured on the stage, added to `frame`; every test is entered in the ledger."""
        empty = np.zeros((GROUPS, 0))
        reference, candidate = (GroupSums(empty, self.weight[k], self.squares[k]) for k in range(2))
        sizes = reference, candidate
        if self.classes is not None:
            steps("efficiencies and calibration")
            efficiency_tests(self.maps, sizes, drawn, ledger)
            frame = replace(
                frame,
                efficiency=efficiency_metrics(self.maps),
                calibration=None if self.calibration is None else calibration_metrics(self.calibration, drawn, ledger),
                fractions=class_fractions(self.classes, sizes, drawn, ledger),
            )
        own = {name: Ledger(ledger.stage) for name in self.contents}

        def measured(name: str) -> VariableMetrics:
            steps(name)
            return self._variable(name, sizes, drawn, own[name])

        variables = in_threads(measured, self.contents)
        ledger.take(own.values())
        steps("whole events")
        frame = replace(
            frame,
            variables=variables,
            per_event=per_event(self.events, drawn, ledger),
            pulls=[pull(pair, sizes, drawn, ledger) for pair in self.pulls],
        )
        return self._together(frame, sizes, drawn, ledger, steps)

    def _variable(self, name: str, sizes: Sizes, drawn: Resampling, ledger: Ledger) -> VariableMetrics:
        view, contents = self.frame.view, self.contents[name]
        counted = view.types.get(name) in COUNTED
        found = distances(contents, sizes, drawn, ledger, name)
        tails = [] if counted else tail_fractions(contents, sizes, drawn, ledger, name)
        shown = [
            profiles(pair, view.unit(pair[0].axis), sizes, drawn, ledger, counted=counted)
            for pair in self.profiles[name]
        ]
        shown = [made for made in shown if made and made[0].axis != SPECIES]
        # Centre and width in every axis first, then the rest.
        ordered = [made for axis in shown for made in axis[:2]] + [made for axis in shown for made in axis[2:]]
        return VariableMetrics(
            name,
            view.unit(name),
            view.types.get(name, "continuous"),
            *centre_width_and_changes(contents, drawn, counted=counted),
            **found,
            tails=tails,
            profiles=ordered,
        )

    def _together(
        self, frame: StageMetrics, sizes: Sizes, drawn: Resampling, ledger: Ledger, steps: Steps
    ) -> StageMetrics:
        steps("correlations and joint distances")
        kept = self.kept.view()
        matrices = correlations(self.products, sizes, drawn, ledger)
        if matrices is not None:
            frame = replace(frame, correlations=matrices[0].matrices, covariances=matrices[1].matrices)
        if frame.kind == "response":
            measured = (
                {}
                if matrices is None
                else {
                    "rank correlation": matrices[0].distance,
                    "covariance": matrices[1].distance,
                }
            )
            options = {"seed": self.seed, "pair_rows": self.effort.pair_rows}
            frame = replace(frame, joint=joint_metrics(self.frame, kept, measured, drawn, ledger, **options))
        names, outputs = self.frame.names, kept.outputs
        forest, network = partial(fit_forest, trees=self.effort.trees), partial(fit_network, epochs=self.effort.epochs)
        tests: dict[str, tuple[list[str], str, Fit]] = {"two_sample": (names, "boosted forest", forest)}
        if frame.kind == "response" and len(outputs) < len(names):
            tests["two_sample_outputs"] = (outputs, "boosted forest without conditions", forest)
        tests["two_sample_network"] = (names, "network", network)
        options = {"seed": self.seed, "shuffled_rows": self.effort.shuffled_rows}
        for key, (inputs, title, fit) in tests.items():
            steps(f"two-sample test, {title}")
            frame = replace(frame, **{key: two_sample_test(kept, inputs, title, fit, drawn, ledger, **options)})
        return frame
