"""The probability that a track follows no particle: formulas of the card, fitted to the sample that is shipped."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from flashsim.card import read_card
from flashsim.card.sample import SampleFiles
from flashsim.experiments import spectrometer
from flashsim.stages import Namespace
from flashsim.training import read_sample

FITTED = ("chi2 / ndof", "n_vertex", "n_upstream", "n_downstream", "log_rec_p", "log_impact")
TYPES = {"long": 1, "upstream": 2, "downstream": 3}


@pytest.fixture(scope="module")
def tracks() -> dict[str, Namespace]:
    """All tracks of the mixture of collisions and guns, ghosts too."""
    card = read_card(spectrometer.CARD)
    assert isinstance(card.sample.files, SampleFiles)
    files = card.sample.files.model_copy(update={"train": card.sample.files.train[:1]})
    sample = card.sample.model_copy(update={"where": "track_type > 0", "files": files})
    whole = card.model_copy(update={"sample": sample})
    return {part: Namespace(whole, read_sample(whole, part)) for part in ("train", "test")}


@pytest.mark.parametrize("kind", TYPES)
def test_the_card_has_the_coefficients_of_the_fit(tracks: dict[str, Namespace], kind: str):
    train = tracks["train"]
    rows = train["track_type"] == TYPES[kind]
    features = np.stack([train.evaluate(text)[rows] for text in FITTED], axis=1)
    fit = LogisticRegression(C=1e6, max_iter=5000, tol=1e-8).fit(features, train["ghost"][rows])
    np.testing.assert_allclose(train["ghost_probability"][rows], fit.predict_proba(features)[:, 1], atol=3e-3)


@pytest.mark.parametrize(("kind", "auc"), [("long", 0.86), ("upstream", 0.81), ("downstream", 0.86)])
def test_it_tells_ghosts_from_tracks_and_is_their_share(tracks: dict[str, Namespace], kind: str, auc: float):
    test = tracks["test"]
    rows = test["track_type"] == TYPES[kind]
    ghost, probability = test["ghost"][rows] > 0, test["ghost_probability"][rows]
    assert roc_auc_score(ghost, probability) == pytest.approx(auc, abs=0.03)
    assert probability.mean() == pytest.approx(ghost.mean(), abs=3 * np.sqrt(ghost.mean() / len(ghost)))
