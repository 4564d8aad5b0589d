"""A generator is trained with a critic beside it, of which nothing is kept."""

from collections.abc import Sequence
from pathlib import Path

import jax

from flashsim.card import AdversarialModel, Stage
from flashsim.models import Adversary, Auxiliary, Generator, LocationScale, adversary
from flashsim.training.epoch import Epoch
from flashsim.training.loop import fit_members
from flashsim.training.member import Member
from flashsim.training.reporter import Reporter
from flashsim.transforms import Transform


def train_adversarial(
    members: Sequence[Member[Generator]],
    options: AdversarialModel,
    bases: Sequence[LocationScale],
    stage: Stage,
    outputs: Transform,
    *,
    checkpoint: Path | None,
    reporter: Reporter,
) -> tuple[tuple[Generator, ...], tuple[Epoch, ...]]:
    """The generators, and the history of the game; the `bases` of the members and `outputs` bring scores back to
    physical units.
    """
    settings = stage.training
    players = [_players(member, options, base, stage, outputs) for member, base in zip(members, bases, strict=True)]
    trained, history = fit_members(players, settings, checkpoint=checkpoint, report=reporter("", settings.epochs))
    return tuple(one.generator for one in trained), history


def _players(
    member: Member[Generator], options: AdversarialModel, base: LocationScale, stage: Stage, outputs: Transform
) -> Member[Adversary]:
    training, auxiliary = member.training, None
    if options.auxiliary:
        auxiliary = Auxiliary.fit(
            options.auxiliary,
            stage.predicted_names,
            base,
            outputs,
            training.conditions,
            training.targets,
            training.weights,
        )
    key = jax.random.fold_in(jax.random.key(member.seed), 1)
    return member.of(adversary(member.model, options, training.conditions.shape[1], auxiliary, key))
