"""From a card's table to the players: which objective, which regulariser, with the papers' numbers."""

import jax
from jaxtyping import PRNGKeyArray

from flashsim.card import AdversarialModel
from flashsim.models.adversarial.adversary import Adversary, Rules
from flashsim.models.adversarial.auxiliary import Auxiliary
from flashsim.models.adversarial.objectives import AbstractObjective, Classic, Cramer, LeastSquares, Wasserstein
from flashsim.models.adversarial.regularisers import (
    AbstractRegulariser,
    AdversarialLipschitz,
    GradientPenalty,
    NoRegulariser,
    WeightClipping,
)
from flashsim.models.generator import Generator
from flashsim.nets import SpectrallyNormalised, network

CLIP = 0.1
"""Arjovsky et al. 2017, arXiv:1701.07875, have 0.01, for a critic with batch normalisation. Without it a critic
of some layers is flat then, and nothing is learnt. The five steps of the critic are from there (algorithm 1).
"""
GRADIENT_PENALTY = 10.0
"""Gulrajani et al. 2017, arXiv:1704.00028, algorithm 1, as are Adam's decays of 0 and 0.9."""
ADVERSARIAL_LIPSCHITZ = 100.0
"""Terjék 2020, arXiv:1907.05681, section 5."""
DISTANCES = ("wasserstein", "cramer")


def objective(options: AdversarialModel) -> AbstractObjective:
    """The objective that the table names."""
    match options.parts.objective:
        case "gan":
            return Classic(share=1.0, smoothing=options.label_smoothing, saturating=options.saturating)
        case "bce":
            return Classic(share=0.5, smoothing=options.label_smoothing)
        case "least-squares":
            return LeastSquares(generated_label=-1.0, wanted_label=0.0) if options.pearson else LeastSquares()
        case "wasserstein":
            return Wasserstein()
        case "cramer":
            return Cramer()


def regulariser(options: AdversarialModel) -> AbstractRegulariser:
    """The regulariser that the table names."""
    match options.parts.regulariser:
        case "none":
            return NoRegulariser()
        case "weight-clipping":
            return WeightClipping(limit=CLIP if options.clip is None else options.clip)
        case "gradient-penalty":
            strength = GRADIENT_PENALTY if options.penalty is None else options.penalty
            # One-sided (Petzka et al. 2018, arXiv:1709.08894): a critic that must have slopes of 1 where there is
            # nothing to be told apart drives a generator in circles.
            return GradientPenalty(strength=strength, sides=options.sides or "one")
        case "adversarial-lipschitz":
            strength = ADVERSARIAL_LIPSCHITZ if options.penalty is None else options.penalty
            return AdversarialLipschitz(strength=strength, sides=options.sides or "one")


def rules(options: AdversarialModel) -> Rules:
    """How the players play. Critics that measure a distance are to be nearly optimal, and so take more steps."""
    distance = options.parts.objective in DISTANCES
    return Rules(
        critic_steps=options.critic_steps or (5 if distance else 1),
        generator_rate=options.generator_rate,
        critic_rate=options.critic_rate,
        # Else Adam's first decay of Radford et al. 2016, arXiv:1511.06434.
        momentum=(0.0, 0.9) if distance else (0.5, 0.999),
        injected_noise=options.injected_noise,
        feature_matching=options.feature_matching,
    )


def adversary(
    generator: Generator,
    options: AdversarialModel,
    conditions: int,
    auxiliary: Auxiliary | None,
    key: PRNGKeyArray,
) -> Adversary:
    """`generator` with an untrained critic, and a referee if there is to be one."""
    key_critic, key_spectral, key_referee = jax.random.split(key, 3)
    chosen = objective(options)
    inputs = conditions + generator.targets + (0 if auxiliary is None else auxiliary.width)

    def judge(outputs: int, key: PRNGKeyArray):
        return network(
            inputs,
            outputs,
            width=options.width,
            depth=options.depth,
            residual=options.residual,
            last=1.0,
            key=key,
        )

    limit = regulariser(options)
    critic = limit.project(judge(chosen.outputs, key_critic))
    return Adversary(
        generator=generator,
        critic=SpectrallyNormalised.of(critic, key_spectral) if options.spectral_normalisation else critic,
        referee=judge(1, key_referee) if options.referee else None,
        auxiliary=auxiliary,
        objective=chosen,
        regulariser=limit,
        rules=rules(options),
    )
