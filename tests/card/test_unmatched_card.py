"""Cards with objects that follow no generated one: what they may use, and in which order they are drawn."""

import tomllib
from typing import Any

import cards
import pytest
import unmatched_toy as toy

from flashsim.card import Names, card_from_dict
from flashsim.errors import FlashSimError
from flashsim.experiments.spectrometer import GHOSTS

CARD = tomllib.loads(toy.CARD)


def stage(card: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in card["stage"] if one["name"] == name)


def moved(card: dict[str, Any], name: str, place: int) -> None:
    card["stage"].insert(place, card["stage"].pop(card["stage"].index(stage(card, name))))


LEFT_OVER = {"of": "jet", "number": "n_fakes", "from": CARD["unmatched"]["from"]}
REFUSED = {
    "no table": (
        lambda card: card.pop("unmatched"),
        r"stage\.number\.of = 'events': it needs a table \[unmatched\]",
    ),
    "no counting stage": (
        lambda card: card["stage"].remove(stage(card, "number")),
        r"unmatched\.number = 'n_fakes': one stage of = 'events' predicts it.*there is none",
    ),
    "another column is counted": (
        lambda card: stage(card, "number").update(predict="found"),
        r"one stage of = 'events' predicts it.*'number' predicts 'found'",
    ),
    "a stage of events with a condition": (
        lambda card: stage(card, "number").update(where="pt > 1"),
        r"a stage of events is a category, the number of unmatched objects, and has no 'where'",
    ),
    "drawn before they are counted": (
        lambda card: moved(card, "fake", 2),
        r"stage\.fake\.given\[2\] = 'n_fakes \+ 0': 'n_fakes' of unmatched objects is predicted only by stage "
        r"'number', which is not earlier; move that stage up",
    ),
    "truth of an object that has none": (
        lambda card: stage(card, "fake")["given"].append("log10(pt)"),
        r"stage\.fake\.given\[3\] = 'log10\(pt\)': an unmatched object has no 'pt'; use event_sum",
    ),
    "truth through a derived name": (
        lambda card: (card["derive"].update(hard="pt > 5"), stage(card, "fake").update(where="hard")),
        r"stage\.fake\.where = 'hard': an unmatched object has no 'pt'",
    ),
    "a sum of what is drawn later": (
        lambda card: (moved(card, "response", 3), stage(card, "number").update(given=["event_sum(x)"])),
        r"'x' of generated objects is predicted only by stage 'response', which is not earlier",
    ),
    "a written column that they do not have": (
        lambda card: card["unmatched"]["from"].pop("rec_pt"),
        r"output\.columns\[0\] = 'rec_pt': .*'pt'|output\.columns\[0\] = 'rec_pt': an unmatched object has no 'pt'",
    ),
    "made and drawn": (
        lambda card: card["unmatched"]["from"].update(x="0"),
        r"unmatched\.from\.x: stage 'fake' predicts it; leave one of them out",
    ),
    "made under no name": (
        lambda card: card["unmatched"]["from"].update(rec_p="0"),
        r"unmatched\.from\.rec_p: no column of \[reconstructed\] \(did you mean 'rec_pt'\?\)",
    ),
    "selected by what follows from the selection": (
        lambda card: card["unmatched"].update(where="unmatched"),
        r"unmatched\.where = 'unmatched': it comes down to 'n_fakes'",
    ),
    "a sample selected by slots": (
        lambda card: card["sample"].update(where="slot < 0"),
        r"sample\.where = 'slot < 0': it comes down to 'slot'",
    ),
    "an event's column that is none": (
        lambda card: card["unmatched"].update(columns=["pile_up"]),
        r"unmatched\.columns\[0\] = 'pile_up': no column of \[columns\] \(did you mean 'pileup'\?\)",
    ),
    "selected in two ways": (
        lambda card: card["unmatched"].update(of="jet"),
        r"write either 'where' or 'of'",
    ),
    "left over by no rule": (
        lambda card: card.update(unmatched=LEFT_OVER),
        r"unmatched\.of = 'jet': there is no table \[related\.jet\]",
    ),
    "left over by a rule that shares": (
        lambda card: card.update(
            unmatched=LEFT_OVER, related={"jet": {"nearest": ["a", "b"], "to": ["c", "d"], "radius": 0.4}}
        ),
        r"unmatched\.of = 'jet': by the rule related\.jet one may belong to several objects",
    ),
    "the number's name is taken": (
        lambda card: (card["unmatched"].update(number="found"), stage(card, "number").update(predict="found")),
        r"unmatched\.number\.found: the name 'found' is taken by reconstructed",
    ),
    "a column named as what is built in": (
        lambda card: card["derive"].update(slot="pt"),
        r"derive\.slot: the name 'slot' is taken by unmatched objects",
    ),
    "a whole number for one kind alone": (
        lambda card: stage(card, "fake")["predict"].update(kind={}),
        r"stage\.fake\.predict: 'kind' is no whole number here, and one in stage 'response'",
    ),
    "a generated object with what only they have": (
        lambda card: card["output"]["columns"].append("log_pt"),
        r"output\.columns\[3\] = 'log_pt': 'log_pt' is predicted of unmatched objects alone, by stage 'fake'",
    ),
    "combinations of them": (
        lambda card: card["compare"].update(
            pair={"of": "unmatched", "daughters": {"a": "1", "b": "1"}, "variables": ["x"]}
        ),
        r"daughters are generated objects: leave out 'of' or 'daughters'",
    ),
    "a comparison by truth": (
        lambda card: card["compare"]["fakes"].update(conditions=["pt"]),
        r"compare\.fakes\.conditions\[0\] = 'pt': an unmatched object has no 'pt'",
    ),
    "their particle in EDM4hep": (
        lambda card: card["output"].update(
            columns=["x"], edm4hep={"ReconstructedParticle": {"energy": "rec_pt", "mass": "pt"}}
        ),
        r"output\.edm4hep\.ReconstructedParticle\.mass = 'pt': an unmatched object has no 'pt'",
    ),
}


@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=list(REFUSED))
def test_what_cannot_be_is_refused(change: cards.Change, message: str):
    with pytest.raises(FlashSimError, match=message):
        card_from_dict(cards.changed(CARD, change))


def test_a_table_that_says_whether_they_are_in_it_decides_itself():
    def change(card: dict[str, Any]) -> None:
        rows = {"ReconstructedParticle": {"where": "~unmatched", "energy": "rec_pt", "mass": "pt"}}
        card["output"].update(columns=["x"], edm4hep=rows)

    card_from_dict(cards.changed(CARD, change))


def test_a_generated_object_may_use_the_number_once_it_is_drawn():
    def change(card: dict[str, Any]) -> None:
        stage(card, "response")["given"].append("n_fakes + 0")

    with pytest.raises(FlashSimError, match="'n_fakes' is predicted only by stage 'number', which is not earlier"):
        card_from_dict(cards.changed(CARD, change))

    def first(card: dict[str, Any]) -> None:
        change(card)
        moved(card, "number", 0)

    card_from_dict(cards.changed(CARD, first))


def test_the_card_is_read_back_from_its_dump():
    card = card_from_dict(CARD)
    assert card_from_dict(card.dump()).dump() == card.dump()


def test_a_card_without_them_has_no_such_names():
    names = Names(card_from_dict(tomllib.loads(cards.TOML)))
    assert not {"slot", "unmatched"} & set(names.everything)


def test_the_ghosts_of_the_spectrometer_are_a_card():
    from flashsim.card import read_card

    card = read_card(GHOSTS)
    assert [one.of for one in card.stages].count("unmatched") == 6
    assert card.unmatched is not None
