"""The adversarial families: five objectives × four regularisers, and the options that each of them takes."""

from typing import Annotated, Literal, NamedTuple

from pydantic import Field, model_validator

from flashsim.card.base import CardModel

Objective = Literal["gan", "bce", "least-squares", "wasserstein", "cramer"]
Regulariser = Literal["none", "weight-clipping", "gradient-penalty", "adversarial-lipschitz"]


class Parts(NamedTuple):
    """What an adversarial algorithm is made of."""

    objective: Objective
    regulariser: Regulariser


ALGORITHMS: dict[str, Parts] = {
    "gan": Parts("gan", "none"),
    "bce-gan": Parts("bce", "none"),
    "ls-gan": Parts("least-squares", "none"),
    "wgan": Parts("wasserstein", "weight-clipping"),
    "wgan-gp": Parts("wasserstein", "gradient-penalty"),
    "wgan-alp": Parts("wasserstein", "adversarial-lipschitz"),
    "cramer-gan": Parts("cramer", "gradient-penalty"),
    "bce-gan-gp": Parts("bce", "gradient-penalty"),
    "bce-gan-alp": Parts("bce", "adversarial-lipschitz"),
}

_PENALTIES = ("gradient-penalty", "adversarial-lipschitz")
_OWNERS: dict[str, tuple[str, ...]] = {
    "saturating": ("gan",),
    "label_smoothing": ("gan", "bce"),
    "pearson": ("least-squares",),
    "clip": ("weight-clipping",),
    "penalty": _PENALTIES,
    "sides": _PENALTIES,
}
"""Options that have a meaning only with some objectives or regularisers."""


class AdversarialModel(CardModel):
    """`family = "wgan-gp"` or another name below, for a response: a generator that learns from a critic.

    The critic sees conditions with full and with generated outputs. `family = "adversarial"` puts together the
    `objective` and the `regulariser` by hand; every other family names a pair of them. See the how-to on GANs.
    """

    family: Literal[
        "adversarial",
        "gan",
        "bce-gan",
        "ls-gan",
        "wgan",
        "wgan-gp",
        "wgan-alp",
        "cramer-gan",
        "bce-gan-gp",
        "bce-gan-alp",
    ] = Field(description="The algorithm, or `adversarial`.")
    objective: Objective | None = Field(default=None, description="For `adversarial`: what the players compete for.")
    regulariser: Regulariser | None = Field(
        default=None, description="For `adversarial`: how the critic is kept smooth; default: `none`."
    )
    width: int = Field(default=128, ge=1, le=8192, description="Neurons in a hidden layer of each player.")
    depth: int = Field(default=4, ge=1, le=64, description="Hidden layers of each player.")
    residual: bool = Field(default=False, description="Skip connections around the hidden layers of equal width.")
    latent: int | None = Field(
        default=None, ge=1, le=4096, description="Random numbers an object; default: as many as outputs."
    )
    critic_steps: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="Steps of the critic for one of the generator; default: 5 for `wasserstein` and `cramer`, else 1.",
    )
    generator_rate: float = Field(
        default=0.25, gt=0, le=100, description="Learning rate of the generator, in units of `training.learning_rate`."
    )
    critic_rate: float = Field(default=0.25, gt=0, le=100, description="The same of the critic, and of the referee.")
    spectral_normalisation: bool = Field(
        default=False, description="Divide each matrix of the critic by its largest singular value."
    )
    penalty: float | None = Field(
        default=None,
        ge=0,
        description="Strength λ of the penalty; default: 10 for `gradient-penalty`, 100 for `adversarial-lipschitz`.",
    )
    sides: Literal["one", "two"] | None = Field(
        default=None,
        description="Whether slopes below 1 are penalised too (`two`) or not (`one`); default: `one`.",
    )
    clip: float | None = Field(
        default=None, gt=0, description="For `weight-clipping`: largest weight of the critic; default: 0.1."
    )
    saturating: bool = Field(default=False, description="For `gan`: the generator's first loss, which saturates.")
    label_smoothing: float = Field(
        default=0.0, ge=0, lt=0.5, description="For `gan` and `bce`: full simulation has the label 1 − this."
    )
    pearson: bool = Field(
        default=False, description="For `least-squares`: labels −1, 1, 0 (Pearson's χ²) and not 0, 1, 1."
    )
    injected_noise: float = Field(
        default=0.0, ge=0, description="Standard deviation of the noise on all outputs that the critic sees."
    )
    feature_matching: float = Field(
        default=0.0, ge=0, description="Strength with which the means of the critic's last hidden layer must agree."
    )
    referee: bool = Field(
        default=False, description="A third player that tells full from generated; the generator does not see it."
    )
    auxiliary: list[Annotated[str, Field(min_length=1)]] = Field(
        default=[], description="Formulas of the predicted names, in physical units, that the critic sees as well."
    )

    @property
    def parts(self) -> Parts:
        """Objective and regulariser, whether named by the family or by hand."""
        if self.family in ALGORITHMS:
            return ALGORITHMS[self.family]
        return Parts(self.objective or "gan", self.regulariser or "none")

    @model_validator(mode="after")
    def _made_of_parts(self) -> "AdversarialModel":
        by_hand = self.family == "adversarial"
        if by_hand and self.objective is None:
            raise ValueError("'objective' is missing: family \"adversarial\" needs it, the other families name it")
        for part in ("objective", "regulariser"):
            if not by_hand and getattr(self, part) is not None:
                raise ValueError(
                    f'{part!r} is only for family = "adversarial": {self.family!r} is {" with ".join(self.parts)}'
                )
        return self

    @model_validator(mode="after")
    def _options_of_parts(self) -> "AdversarialModel":
        for option, owners in _OWNERS.items():
            given = getattr(self, option) != type(self).model_fields[option].default
            if given and not set(self.parts) & set(owners):
                raise ValueError(f"{option!r} is only for {' and '.join(owners)}, this is {' with '.join(self.parts)}")
        if self.spectral_normalisation and self.parts.regulariser == "weight-clipping":
            raise ValueError("'spectral_normalisation' and 'weight-clipping' both bound the weights: choose one")
        if self.parts == ("wasserstein", "none") and not self.spectral_normalisation:
            raise ValueError(
                "the wasserstein objective has no limit for a critic that may be as steep as it likes: "
                "add a regulariser, or spectral_normalisation = true"
            )
        return self
