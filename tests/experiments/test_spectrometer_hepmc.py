"""Real collisions of a generator, as the spectrometer's card sees them: every count, from the text of the file."""

import os
from collections import Counter
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from flashsim.card import Card, read_card
from flashsim.events import EventBatch, read_events
from flashsim.stages import Namespace
from flashsim.training import truth_sources

DATA = Path(os.environ.get("FLASHSIM_DATA", Path(__file__).parents[3] / "shared" / "data"))
TRACKABLE = {11, 13, 211, 321, 2212}
Record = list[list[str]]


@pytest.fixture(scope="module")
def card() -> Card:
    return read_card(Path(str(files("flashsim.experiments.spectrometer") / "card.toml")))


def records(path: Path) -> list[Record]:
    """The words of each particle, collision by collision."""
    found: list[Record] = []
    for line in path.read_text().splitlines():
        if line.startswith("E "):
            found.append([])
        elif line.startswith("P "):
            found[-1].append(line.split())
    return found


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no {DATA}: set FLASHSIM_DATA")
@pytest.mark.parametrize(("name", "selected"), [("evt0.mc2", 140), ("evt5.mc2", 300), ("evt7.mc2", 73)])
@pytest.mark.parametrize("together", [False, True])
def test_what_is_read_and_what_is_selected(card: Card, name: str, selected: int, *, together: bool):
    text = records(DATA / name)
    particles = [words for record in text for words in record]
    wanted = truth_sources(card)
    batch = EventBatch.concatenate(list(read_events(DATA / name, wanted, together=together)))
    assert batch.counts.tolist() == ([len(particles)] if together else [len(record) for record in text])
    full = EventBatch.concatenate(list(read_events(DATA / name, together=together)))
    assert Counter(full.columns["status"].tolist()) == Counter(int(words[8]) for words in particles)
    assert np.count_nonzero(full.columns["status"] == 889) == 1
    assert len(np.unique(full.columns["collision"])) == (len(text) if together else 1)
    forward = [w for w in particles if w[11] == "0" and abs(int(w[2])) in TRACKABLE and float(w[5]) > 0]
    rows = Namespace(card, batch).selected("trackable")
    assert rows.sum() == len(forward) == selected
    assert batch.columns["px"][rows].tolist() == pytest.approx([1e-3 * float(words[3]) for words in forward])
