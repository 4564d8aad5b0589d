"""A draft of whole events tried on its own file: each collection closes, fits, and has enough to be trained on."""

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from flashsim.card import Card, event_card_from_dict
from flashsim.drafts.collections import Contents
from flashsim.drafts.collections.whole import say_what_is_few
from flashsim.drafts.draft import Draft, EventDraft, Learnt, StageDraft
from flashsim.drafts.event_text import event_card_text
from flashsim.drafts.kinds import is_constant, number_text
from flashsim.drafts.trial import SPLITS, plain, selected
from flashsim.errors import FlashSimError
from flashsim.events import EventBatch
from flashsim.stages import Namespace, outputs, with_unmatched
from flashsim.training import MINIMUM_OBJECTS, check_closure, events_of_part, reference_sources, unrounded

OF_UNMATCHED = ("unmatched", "number_unmatched")


def fit_events_for_training(draft: EventDraft, contents: Contents, output: Path) -> dict[str, str]:
    """Divide the sample, give up what is too rare for it, and see that what is left closes.

    Collections that are too small, and why, are returned before anything else is tried: the others are to be drafted
    without them. FlashSimError where nothing is left, or a formula contradicts the file.
    """
    cards = _cards(draft, output)
    batches = {name: _events(card, contents) for name, card in cards.items()}
    if too_small := _divide(draft, cards, batches):
        return too_small
    left, cards = cards, _cards(draft, output)
    batches = {name: batches[name] if card == left[name] else _events(card, contents) for name, card in cards.items()}
    for name, one in draft.collections.items():
        _keep_finite(one, cards[name], batches[name])
        training = events_of_part(batches[name], draft.split, "train")
        _retype(one, cards[name], training)
        for stage in one.stages:
            stage.objects = selected(cards[name], cards[name].stage(stage.name), training)
            one.objects = stage.objects if stage.name == "response" else one.objects
    for name, card in _cards(draft, output).items():
        check_closure(card, events_of_part(batches[name], draft.split, "train"))
    say_what_is_few(draft)
    return {}


def _cards(draft: EventDraft, output: Path) -> dict[str, Card]:
    text = event_card_text(draft, output.name)
    return event_card_from_dict(tomllib.loads(text), str(output), output).collections


def _events(card: Card, contents: Contents) -> EventBatch:
    """The sample as training reads it, of columns that are in memory already."""
    return with_unmatched(card, unrounded(card, contents.read(reference_sources(card))))


def _divide(draft: EventDraft, cards: dict[str, Card], batches: dict[str, EventBatch]) -> dict[str, str]:
    """The first division that leaves every stage enough; stages that have too little in all of them are given up, and
    collections that cannot be without them are returned.
    """
    sizes = {}
    for split in SPLITS:
        sizes[split] = {
            (name, stage.name): min(
                selected(card, stage, events_of_part(batches[name], split, part)) for part in ("train", "validation")
            )
            for name, card in cards.items()
            for stage in card.stages
        }
    split = max(SPLITS, key=lambda split: _how_well(sizes[split]))
    draft.split = split
    too_small = {}
    for (name, stage), size in sizes[split].items():
        if size >= MINIMUM_OBJECTS:
            continue
        what = f"{size} for stage {stage}, {MINIMUM_OBJECTS} are needed to train it and to stop on"
        if stage in OF_UNMATCHED:
            _give_up_unmatched(draft, draft.collections[name], what)
        else:
            too_small[name] = what
    if too_small.keys() == draft.collections.keys():
        raise FlashSimError(
            f"{draft.file}: too small: no collection has {MINIMUM_OBJECTS} objects to train on and as many to stop on"
        )
    return too_small


def _how_well(sizes: dict[tuple[str, str], int]) -> tuple[int, int]:
    """Collections whose generated objects can be learnt, and stages that can be trained."""
    enough = {key for key, size in sizes.items() if size >= MINIMUM_OBJECTS}
    poor = {name for name, stage in sizes.keys() - enough if stage not in OF_UNMATCHED}
    return len({name for name, _ in sizes} - poor), len(enough)


def _give_up_unmatched(draft: EventDraft, one: Draft, what: str) -> None:
    if one.unmatched is not None:
        draft.undecided.append(f"{one.name}: {what}: unmatched objects are not simulated.")
    _without_unmatched(one)


def _without_unmatched(one: Draft) -> None:
    one.unmatched = None
    one.stages = [each for each in one.stages if each.of == "generated"]


def _keep_finite(one: Draft, card: Card, batch: EventBatch) -> None:
    """Conditions that are infinite for some object of a stage are none."""
    namespace = Namespace(card, batch)
    for drafted in one.stages:
        rows = namespace.rows(card.stage(drafted.name))
        drafted.given = [text for text in drafted.given if np.isfinite(namespace.evaluate(text)[rows]).all()]


def _retype(one: Draft, card: Card, training: EventBatch) -> None:
    """What the training part does not show: constants are written as they are, and spikes given up."""
    namespace = Namespace(card, training)
    stages = {stage.name: stage for stage in card.stages}
    for drafted in list(one.stages):
        stage = stages[drafted.name]
        rows = namespace.rows(stage)
        if isinstance(drafted.predict, str):
            classes = namespace[drafted.predict][rows]
            if is_constant(classes):
                _give_up_class(one, drafted, int(classes[0]))
            continue
        values = outputs(namespace, stage, rows)
        for name in list(drafted.predict):
            learnt = drafted.predict[name]
            column = values[name][:, 0]
            if is_constant(column):
                _write_constant(one, drafted, name, float(column[0]))
                continue
            if learnt.kind.type == "atoms":
                drafted.predict[name] = _with_spikes_of(learnt, column)
        if not drafted.predict:
            one.stages.remove(drafted)


def _give_up_class(one: Draft, stage: StageDraft, value: int) -> None:
    """In the place of a class that is always the same, this number; unmatched objects need no other one than 0."""
    assert isinstance(stage.predict, str)
    why = f"always {value} in the training part"
    if stage.of == "generated":
        one.reconstructed[stage.predict] = one.reconstructed[stage.predict].with_formula(f"{value}", why)
        one.stages.remove(stage)
    else:
        one.undecided.append(f"{one.name}: their number is {why}: unmatched objects are not simulated.")
        _without_unmatched(one)


def _write_constant(one: Draft, stage: StageDraft, name: str, value: float) -> None:
    """In the place of a variable that is always the same, this number."""
    assert not isinstance(stage.predict, str)
    del stage.predict[name]
    if stage.of == "unmatched" and one.unmatched is not None and name in one.reconstructed:
        one.unmatched.formulas[name] = number_text(value)
    elif name in one.reconstructed and one.reconstructed[name].formula is None:
        line = one.reconstructed[name]
        one.reconstructed[name] = line.with_formula(number_text(value), "the same wherever it is measured here")
    else:
        one.derive[name] = number_text(value)


def _with_spikes_of(learnt: Learnt, values: Float[np.ndarray, " n"]) -> Learnt:
    """The same variable with the spikes that these values have."""
    spikes = tuple(float(spike) for spike in learnt.kind.values or () if (values == spike).any())
    return replace(learnt, kind=replace(learnt.kind, values=spikes)) if spikes else plain(learnt)
