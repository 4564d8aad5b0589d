"""The card of events like NanoAOD, on the sample that is shipped with it."""

import numpy as np
import pytest

from flashsim.card import read_event_card
from flashsim.experiments.cms_nanoaod import CARD
from flashsim.training import check_closure, read_sample


@pytest.mark.parametrize("name", list(read_event_card(CARD).collections))
def test_the_card_holds_on_the_shipped_sample(name: str):
    """What is reconstructed follows from what is predicted, to the precision of the file."""
    card = read_event_card(CARD).collections[name]
    batch = read_sample(card, "test")
    check_closure(card, batch)
    assert len(batch.event) > 500
    if name == "Jet":
        shares = sum(batch.columns[share] for share in ("chHEF", "neHEF", "chEmEF", "neEmEF", "muEF"))
        np.testing.assert_allclose(shares[batch.columns["number"] > 0], 1, atol=1e-3)
