"""What is compared of two samples: the same numbers as are learnt."""

import numpy as np

from flashsim.card import card_from_dict
from flashsim.events import EventBatch
from flashsim.stages import Namespace
from flashsim.validation.samples.stages import stage_values

CARD = {
    "schema": 1,
    "name": "angles",
    "sample": {"files": "none.root"},
    "columns": {"gen_phi": "rad"},
    "reconstructed": {"phi": {"unit": "rad"}},
    "stage": [
        {
            "name": "response",
            "kind": "response",
            "given": ["gen_phi"],
            "predict": {"turned": {"expression": "phi - gen_phi", "type": "angle"}, "phi": {"type": "angle"}},
        }
    ],
    "output": {"columns": ["phi"]},
}


def test_a_difference_of_angles_is_the_short_way_round():
    """Of two directions on either side of ±π; a column is what the file has."""
    card = card_from_dict(CARD)
    columns = {"gen_phi": np.array([3.1, -3.1, 0.5]), "phi": np.array([-3.1, 3.1, 4.0])}
    batch = EventBatch(np.ones(3, np.int64), np.arange(3), np.arange(4), columns)
    namespace = Namespace(card, batch)
    found = stage_values(card.stages[0], namespace, np.ones(3, dtype=bool))
    np.testing.assert_allclose(found["turned"], [2 * np.pi - 6.2, 6.2 - 2 * np.pi, 3.5 - 2 * np.pi], rtol=1e-12)
    np.testing.assert_array_equal(found["phi"], columns["phi"])
