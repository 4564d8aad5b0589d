"""The table of an adversarial model: every algorithm is two parts, and an option without a meaning is refused."""

import tomllib
from typing import Any

import pytest
from cards import TOML, changed

from flashsim.card import ALGORITHMS, AdversarialModel, card_from_dict
from flashsim.errors import FlashSimError


def card(**model: Any):
    def change(card: dict[str, Any]) -> None:
        card["stage"][1]["model"] = model

    return card_from_dict(changed(tomllib.loads(TOML), change), "card.toml")


@pytest.mark.parametrize("family", ALGORITHMS)
def test_an_algorithm_is_a_name_for_its_parts(family: str):
    named = card(family=family).stages[1].model
    by_hand = AdversarialModel(
        family="adversarial", objective=ALGORITHMS[family].objective, regulariser=ALGORITHMS[family].regulariser
    )
    assert isinstance(named, AdversarialModel)
    assert named.parts == by_hand.parts


def test_a_card_survives_being_written():
    first = card(family="wgan-gp", penalty=3.0, referee=True, auxiliary=["dp * chi2"])
    assert card_from_dict(first.dump(), "card.toml") == first


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no objective": ({"family": "adversarial"}, r"'objective' is missing"),
    "two names for one part": ({"family": "wgan", "objective": "bce"}, r"'objective' is only for .*wasserstein"),
    "labels of a distance": (
        {"family": "wgan-gp", "label_smoothing": 0.1},
        r"'label_smoothing' is only for gan and bce",
    ),
    "saturating": ({"family": "bce-gan", "saturating": True}, r"'saturating' is only for gan"),
    "pearson": ({"family": "gan", "pearson": True}, r"'pearson' is only for least-squares"),
    "penalty without one": ({"family": "ls-gan", "penalty": 1.0}, r"'penalty' is only for gradient-penalty"),
    "clip without clipping": ({"family": "wgan-gp", "clip": 0.1}, r"'clip' is only for weight-clipping"),
    "an unbounded critic": (
        {"family": "adversarial", "objective": "wasserstein"},
        r"as steep as it likes.*spectral_normalisation",
    ),
    "bounded twice": ({"family": "wgan", "spectral_normalisation": True}, r"choose one"),
    "unknown feature": ({"family": "gan", "auxiliary": ["dp - chi3"]}, r"auxiliary\[0\].*'chi3'.*chi2"),
    "foreign feature": ({"family": "gan", "auxiliary": ["dp / logp"]}, r"'logp' is not predicted by this stage"),
    "feature of an event": (
        {"family": "gan", "auxiliary": ["event_sum(dp)"]},
        "functions of whole events.* cannot be used here",
    ),
    "feature without a name": ({"family": "gan", "auxiliary": ["1 + 1"]}, r"a number is no feature"),
    "unknown family": ({"family": "wgan-pg"}, r"no such family.*wgan-gp"),
    "unknown key": ({"family": "wgan-gp", "lambda": 10}, r"unknown key stage.resolution.model.lambda.*penalty"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_option_without_a_meaning_is_an_error(case: str):
    model, message = REFUSED[case]
    with pytest.raises(FlashSimError, match=message):
        card(**model)
