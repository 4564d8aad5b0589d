"""A generator is trained with a critic beside it, of which nothing is kept."""

from pathlib import Path

import jax

from flashsim.card import AdversarialModel, Stage
from flashsim.models import Auxiliary, Generator, LocationScale, adversary
from flashsim.training.data import TrainingData
from flashsim.training.loop import Epoch, fit
from flashsim.training.reporter import Reporter
from flashsim.transforms import Transform


def train_adversarial(
    generator: Generator,
    options: AdversarialModel,
    base: LocationScale,
    training: TrainingData,
    validation: TrainingData,
    stage: Stage,
    outputs: Transform,
    *,
    checkpoint: Path | None,
    reporter: Reporter,
) -> tuple[Generator, tuple[Epoch, ...]]:
    """The generator, and the history of the game; `base` and `outputs` bring scores back to physical units."""
    auxiliary = None
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
    settings = stage.training
    key = jax.random.fold_in(jax.random.key(settings.seed), 1)
    players = adversary(generator, options, training.conditions.shape[1], auxiliary, key)
    trained, history = fit(
        players, training, validation, settings, checkpoint=checkpoint, report=reporter("", settings.epochs)
    )
    return trained.generator, history
