"""Errors of histograms of copies: the formula by hand, and the true spread of toy experiments."""

import awkward as ak
import hist
import numpy as np
import pytest

from flashsim.errors import FlashSimError
from flashsim.histograms import EventHistogram, fill_by_event

AXIS = hist.axis.Regular(4, 0.0, 4.0)
COPIES = 8


def test_a_bin_holds_the_sum_of_w_pdf_and_the_variance_the_sum_of_its_square():
    values = [0.5, 0.5, 1.5, 2.5, 0.5, 9.0]  # event 1: two copies in bin 0 and one in bin 1; event 2; event 3
    event, weight = [1, 1, 1, 2, 3, 3], [2.0, 2.0, 2.0, -1.0, 3.0, 3.0]
    histogram = hist.Hist(AXIS, storage=hist.storage.Weight())
    fill_by_event(histogram, values, event=event, weight=weight, copies=3)
    assert histogram.values(flow=True) == pytest.approx([0, 4 / 3 + 1, 2 / 3, -1 / 3, 0, 1])
    assert histogram.variances(flow=True) == pytest.approx([0, (4 / 3) ** 2 + 1, 4 / 9, 1 / 9, 0, 1])


def test_without_copies_the_errors_are_those_of_hist():
    random = np.random.default_rng(1)
    x, y, weight = random.normal(size=(3, 500))
    axes = hist.axis.Regular(7, -2, 2), hist.axis.Integer(-1, 2, overflow=False), hist.axis.Boolean()
    ours, usual = (hist.Hist(*axes, storage=hist.storage.Weight()) for _ in range(2))
    fill_by_event(ours, x, np.round(y).astype(int), x > y, event=np.arange(500), weight=weight)
    usual.fill(x, np.round(y).astype(int), x > y, weight=weight)
    assert ours.values(flow=True) == pytest.approx(usual.values(flow=True))
    assert ours.variances(flow=True) == pytest.approx(usual.variances(flow=True))


def toy(random: np.random.Generator, events: int, copies: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(values, event, weight) of a generator's events, each smeared by a detector `copies` times."""
    truth, weight = random.uniform(0.0, 4.0, events), random.choice([1.0, 2.0, -0.5], events)
    values = np.repeat(truth, copies) + random.normal(0.0, 0.3, events * copies)
    return values, np.repeat(np.arange(events), copies), np.repeat(weight, copies)


def test_the_errors_are_the_true_spread_of_repeated_experiments():
    random = np.random.default_rng(2)
    contents, variances, naive = [], [], []
    for _ in range(400):
        values, event, weight = toy(random, random.poisson(150), COPIES)
        filled = EventHistogram(AXIS, copies=COPIES).fill(values, event=event, weight=weight).to_hist()
        usual = hist.Hist(AXIS, storage=hist.storage.Weight()).fill(values, weight=weight / COPIES)
        contents.append(filled.values())
        variances.append(filled.variances())
        naive.append(usual.variances())
        assert usual.values() == pytest.approx(filled.values())
    true = np.var(contents, axis=0, ddof=1)
    assert np.mean(variances, axis=0) == pytest.approx(true, rel=0.27)  # 400 experiments: 7 % each
    assert np.all(np.mean(naive, axis=0) < 0.3 * true)
    pulls = (np.array(contents) - np.mean(contents, axis=0)) / np.sqrt(variances)
    assert np.mean(np.abs(pulls) < 1) == pytest.approx(0.683, abs=0.03)


def test_copies_do_not_take_the_error_below_that_of_the_generated_events():
    random = np.random.default_rng(3)
    truth = random.uniform(0.0, 4.0, 4000)
    generated = np.histogram(truth, AXIS.edges)[0]
    errors = []
    for copies in (1, 10, 100):
        values = np.repeat(truth, copies) + random.normal(0.0, 0.01, 4000 * copies)
        histogram = EventHistogram(AXIS, copies=copies).fill(values, event=np.repeat(np.arange(4000), copies)).to_hist()
        errors.append(np.sqrt(histogram.variances()))
    assert errors[1] == pytest.approx(np.sqrt(generated), rel=0.01)  # the detector hardly moves anything here
    assert errors[2] == pytest.approx(errors[1], rel=0.01)


@pytest.mark.parametrize("cut", [1, 5, 8, 17, 100])
def test_batches_may_cut_an_event(cut: int):
    values, event, weight = toy(np.random.default_rng(4), 30, COPIES)
    whole = EventHistogram(AXIS).fill(values, event=event, run=7, weight=weight)
    pieces = EventHistogram(AXIS)
    for start in range(0, len(values), cut):
        rows = slice(start, start + cut)
        pieces.fill(values[rows], event=event[rows], run=7, weight=weight[rows])
    assert pieces.to_hist().values(flow=True) == pytest.approx(whole.to_hist().values(flow=True))
    assert pieces.to_hist().variances(flow=True) == pytest.approx(whole.to_hist().variances(flow=True))
    assert pieces.normalised().sum(flow=True).value == pytest.approx(1.0)
    total = whole.to_hist().sum(flow=True).value
    assert pieces.normalised().variances() == pytest.approx(whole.to_hist().variances() / total**2)


def test_lists_an_event_take_the_number_and_the_weight_of_their_event():
    lists, event, weight = ak.Array([[0.5, 1.5], [], [1.5], [3.5, None, 3.6]]), [4, 5, 6, 6], [1.0, 1.0, 3.0, 3.0]
    jagged = EventHistogram(AXIS).fill(lists, event=event, weight=weight).to_hist()
    flat = (
        EventHistogram(AXIS).fill([0.5, 1.5, 1.5, 3.5, 3.6], event=[4, 4, 6, 6, 6], weight=[1.0, 1, 3, 3, 3]).to_hist()
    )
    assert jagged == flat
    assert jagged.variances()[3] == 36.0


@pytest.mark.parametrize("last", [1, 2])
def test_copies_that_are_apart_are_refused(last: int):
    histogram = EventHistogram(AXIS).fill([0.5, 0.5, 0.5], event=[1, 2, 3])
    with pytest.raises(FlashSimError, match=f"event {last} comes at two places; all copies"):
        histogram.fill([1.5, 1.5], event=[3, last]).to_hist()


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (lambda: EventHistogram(AXIS, AXIS).fill([0.5], event=[1]), "2 axes: 1 array"),
        (lambda: EventHistogram(AXIS).fill([0.5, 0.5], event=[1, 2, 3]), "same entries"),
        (lambda: EventHistogram(hist.axis.IntCategory([], growth=True)).fill([1], event=[1]), "grow"),
        (lambda: EventHistogram(AXIS, copies=0), "copies = 0"),
        (lambda: fill_by_event(hist.Hist(AXIS), [0.5], event=[1]), "Weight"),
    ],
)
def test_what_cannot_be_filled_is_refused(fill, words: str):
    with pytest.raises(FlashSimError, match=words):
        fill()
