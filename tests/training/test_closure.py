"""A formula that is right for most objects: as many as the card says, and no fewer."""

import tomllib

import numpy as np
import pytest

from flashsim.card import card_from_dict
from flashsim.errors import FlashSimError
from flashsim.events import EventBatch
from flashsim.training import check_closure

CARD = """
schema = 1
name = "places"
[sample]
files = "none.parquet"
[columns]
jet = ""
[reconstructed]
place = { unit = "", AGREES from = "where(inside > 0, jet, -1)" }
[[stage]]
name = "response"
kind = "response"
given = ["jet"]
predict = { inside = { expression = "place >= 0", type = "flag" } }
[output]
columns = ["place"]
"""


@pytest.mark.parametrize(("agrees", "wrong"), [("", 0), ("", 3), ("agrees = 0.9,", 8), ("agrees = 0.9,", 12)])
def test_a_formula_gives_back_as_many_as_the_card_says(agrees: str, wrong: int):
    jet = np.arange(100) % 7
    place = np.where(np.arange(100) < wrong, jet + 1, jet)
    batch = EventBatch(np.ones(1, int), np.ones(1, int), np.array([0, 100]), {"jet": jet, "place": place})
    card = card_from_dict(tomllib.loads(CARD.replace("AGREES", agrees)))
    if wrong in (0, 8):
        check_closure(card, batch)
        return
    with pytest.raises(FlashSimError, match=r"reconstructed\.place\.from"):
        check_closure(card, batch)
