"""A draft tried on its own file before it is written: does it close, does it fit, is there enough to train on?"""

import tomllib
from pathlib import Path

import jax
import numpy as np
from jaxtyping import Float

from flashsim.card import Card, Split, Stage, card_from_dict
from flashsim.drafts.draft import Draft, Learnt
from flashsim.drafts.kinds import Kind
from flashsim.drafts.text import card_text
from flashsim.errors import FlashSimError
from flashsim.events import EventBatch
from flashsim.stages import Namespace, outputs
from flashsim.training import MINIMUM_OBJECTS, check_closure, events_of_part, reference_batches, sample_files
from flashsim.transforms import Standard, fit_transform

SPLITS = (
    Split(),
    Split(train=0.5, validation=0.25, test=0.25),
    Split(train=0.4, validation=0.4, test=0.2),
    Split(train=0.45, validation=0.45, test=0.1),
)
"""Tried in turn, until every stage has enough objects to train on and to stop on."""


def fit_for_training(draft: Draft, output: Path) -> None:
    """Change what would stop the training: the division of a small sample, and types that its training part belies.

    FlashSimError where the card contradicts the file.
    """
    card = _card(draft, output)
    batch = EventBatch.concatenate(list(reference_batches(card, sample_files(card, "train"))))
    check_closure(card, batch)
    _divide(draft, card, batch)
    training = events_of_part(batch, draft.split, "train")
    _retype(draft, card, training)
    draft.objects = max(selected(card, stage, training) for stage in card.stages)


def _card(draft: Draft, output: Path) -> Card:
    return card_from_dict(tomllib.loads(card_text(draft, output.name)), str(output)).read_from(output)


def selected(card: Card, stage: Stage, batch: EventBatch) -> int:
    """How many objects a stage applies to."""
    return int(Namespace(card, batch).rows(stage).sum())


def _divide(draft: Draft, card: Card, batch: EventBatch) -> None:
    """The first division that leaves every stage enough; if none does, say what is missing."""
    poorest = {}
    for split in SPLITS:
        parts = [events_of_part(batch, split, part) for part in ("train", "validation")]
        poorest[split] = min(selected(card, stage, part) for stage in card.stages for part in parts)
        if poorest[split] >= MINIMUM_OBJECTS:
            draft.split = split
            return
    draft.split = max(poorest, key=lambda split: poorest[split])
    draft.undecided.append(
        f"This file is too small to train on: a stage has {poorest[draft.split]} objects in the training or the "
        f"validation part, {MINIMUM_OBJECTS} are needed. Name more files in [sample]."
    )


def _retype(draft: Draft, card: Card, training: EventBatch) -> None:
    """What is too rare to be in the training part cannot be learnt: such spikes and classes are given up."""
    namespace = Namespace(card, training)
    for stage, drafted in zip(card.stages, draft.stages, strict=True):
        if isinstance(stage.predict, str) or isinstance(drafted.predict, str):
            continue
        values = outputs(namespace, stage, namespace.selected(stage.where))
        for name in list(stage.predict):
            learnt = drafted.predict[name]
            for tried in (learnt, plain(learnt)):
                drafted.predict[name] = tried
                why = problem(tried.kind, values[name])
                if not why:
                    break
            else:
                draft.drop(drafted, name, f"in the training part: {why}")


def plain(learnt: Learnt) -> Learnt:
    """The same variable as any number."""
    return Learnt(
        Kind("continuous", f"{learnt.kind.why}; of that too little in the training part"),
        learnt.expression,
        learnt.unit,
    )


def problem(kind: Kind, values: Float[np.ndarray, "selected width"]) -> str:
    """Why this type cannot be fitted to these values; empty if it can."""
    if len(values) == 0:
        return ""  # which was said already
    options = {"low": kind.low, "high": kind.high, "values": kind.values}
    try:
        with jax.disable_jit():  # each would be compiled for a single use
            fit_transform(kind.type, values, name="values", last=Standard.fit_robust, **options)
    except FlashSimError as error:
        return str(error)
    return ""
