"""Whole events: those without objects count, copies of an event are no new events, and blocks may cut anywhere."""

from dataclasses import replace

import numpy as np
import pytest

from flashsim.validation import StageView, Table, validate_blocks
from flashsim.validation.page.entries import Entries
from flashsim.validation.views import Occurrences, concatenated
from flashsim.validation.views.blocks import KeptSample, joined

from .toys import SMALL

EVENTS = 60
COUNTS = np.random.default_rng(0).poisson(4, EVENTS) * (np.arange(EVENTS) % 5 > 0)  # every fifth is empty


def table(copies: int, *, seed: int = 1, first: int = 0, last: int = EVENTS) -> Table:
    """Events `first` to `last`, each simulated so often."""
    numbers = np.repeat(np.arange(first, last), copies)
    of_row = np.repeat(np.arange(len(numbers)), COUNTS[numbers])
    x = np.random.default_rng(seed).normal(size=len(of_row))
    return Table({"x": x}, numbers[of_row], occurrences=Occurrences(numbers, of_row))


def view(reference: Table, candidate: Table) -> StageView:
    return StageView("toy", "response", reference, candidate, [], ["x"])


def test_an_event_without_objects_counts_with_none_and_copies_do_not_add_up() -> None:
    stage = validate_blocks([[view(table(1), table(3, seed=2))]], {}, "toy", {}, effort=SMALL).metrics.stages[0]
    multiplicity = stage.per_event[0]
    assert multiplicity.reference_mean.value == pytest.approx(COUNTS.mean())
    assert multiplicity.candidate_mean.value == pytest.approx(COUNTS.mean())
    assert (stage.events_reference, stage.events_candidate) == (np.count_nonzero(COUNTS), np.count_nonzero(COUNTS))


def test_blocks_of_both_samples_need_not_have_the_same_events() -> None:
    """The candidate's blocks are shifted against the reference's; an event of several copies is cut in two."""
    whole = view(table(1), table(2))
    candidate = whole.candidate
    cuts = [[0, 50, 110, len(whole.reference)], [0, 70, 71, len(candidate)]]
    blocks = []
    for k in range(3):
        parts = []
        for one, cut in zip((whole.reference, candidate), cuts, strict=True):
            rows = np.arange(cut[k], cut[k + 1])
            found = one.occurrences
            assert found is not None
            inside = np.zeros(len(found.event), dtype=bool)
            inside[found.of_row[rows]] = True
            if k == 0:  # events without objects come with some block, whichever
                inside |= ~np.isin(np.arange(len(inside)), found.of_row)
            kept = one.keep(rows)
            parts.append(replace(kept, occurrences=kept.occurrences and kept.occurrences.only(inside)))
        blocks.append([view(*parts)])
    together = joined([one for [one] in blocks])
    assert (together.candidate.event == candidate.event).all()
    first, second = (
        validate_blocks(made, {}, "toy", {}, effort=SMALL).metrics.stages[0] for made in ([[whole]], blocks)
    )
    assert second.variables[0].width == first.variables[0].width
    assert second.rows_candidate == first.rows_candidate
    assert second.events_candidate == first.events_candidate


def test_what_is_kept_knows_its_events() -> None:
    sample = KeptSample(80)
    sample.add(view(table(2), table(2)))
    kept = sample.view().reference
    assert kept.occurrences is not None
    assert 0 < len(kept) <= 80
    assert (kept.occurrences.event[kept.occurrences.of_row] == kept.event).all()
    assert kept.has_copies
    assert not concatenated([table(1, last=20), table(1, first=20)]).has_copies


def test_copies_of_an_event_do_not_make_errors_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    """σᵢ² = Σ (w pdfᵢ)² / (Σ w)² over events: the same for one copy and for four that are alike."""
    once = table(1)
    four = concatenated([once] * 4)
    edges = np.linspace(-2, 2, 9)
    (content, variance), (contents, variances) = (
        Entries.of(one, "x").filled(edges, beyond=True)
        for one in (replace(once, occurrences=Occurrences(np.repeat(np.arange(EVENTS), 2), once.event * 2)), four)
    )
    assert contents.sum() == 4 * len(once)
    assert contents == pytest.approx(4 * content)
    assert np.sqrt(variances) / contents.sum() == pytest.approx(np.sqrt(variance) / content.sum())
    sorting = Entries.of(four, "x")
    monkeypatch.setattr("flashsim.validation.page.entries.MOST_CELLS", 0)
    assert np.array(sorting.filled(edges, beyond=True)) == pytest.approx(np.array([contents, variances]))
    per_object = Entries.of(once, "x").filled(edges, beyond=True)
    assert per_object[1] == pytest.approx(per_object[0])
