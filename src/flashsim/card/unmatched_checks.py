"""Whether the table of unmatched objects and the stages that draw them go together."""

from flashsim.card.expressions import Expression
from flashsim.card.names import Names, leaves
from flashsim.card.schema import Card
from flashsim.card.unmatched import SLOT
from flashsim.errors import FlashSimError, nearest


def check_unmatched(names: Names) -> None:
    """Refuse stages of unmatched objects without their table, and a table without the stage that draws their number."""
    card, table = names.card, names.card.unmatched
    if table is None:
        for stage in card.stages:
            if stage.of != "generated":
                raise FlashSimError(f"stage.{stage.name}.of = {stage.of!r}: it needs a table [unmatched]")
        for name, comparison in card.compare.items():
            if comparison.of == "unmatched" and card.stages:
                raise FlashSimError(f"compare.{name}.of = 'unmatched': it needs a table [unmatched]")
        return
    counting = [stage for stage in card.stages if stage.of == "events"]
    if card.stages and (len(counting) != 1 or counting[0].predict != table.number):
        found = ", ".join(f"{stage.name!r} predicts {stage.predict!r}" for stage in counting) or "there is none"
        raise FlashSimError(
            f"unmatched.number = {table.number!r}: one stage of = 'events' predicts it, and no other such stage is "
            f"there; {found}"
        )
    if table.of is not None:
        _check_related(card, table.of)
    for index, column in enumerate(table.columns):
        if column not in card.columns:
            raise FlashSimError(
                f"unmatched.columns[{index}] = {column!r}: no column of [columns]{nearest(column, card.columns)}"
            )
    drawn = names.predicted_of("unmatched")
    for name in table.formulas:
        if name not in card.reconstructed:
            raise FlashSimError(
                f"unmatched.from.{name}: no column of [reconstructed]{nearest(name, card.reconstructed)}"
            )
        if name in drawn:
            raise FlashSimError(f"unmatched.from.{name}: stage {drawn[name]!r} predicts it; leave one of them out")
    _check_where(names)
    _check_whole_numbers(names)


def _check_related(card: Card, of: str) -> None:
    """The rule by which others belong to one object of the card at most."""
    if of not in card.related:
        raise FlashSimError(f"unmatched.of = {of!r}: there is no table [related.{of}]{nearest(of, card.related)}")
    if card.related[of].index is None and not card.related[of].once:
        raise FlashSimError(
            f"unmatched.of = {of!r}: by the rule related.{of} one may belong to several objects; give it an 'index', "
            "or say 'once = true'"
        )


def _check_where(names: Names) -> None:
    """What selects the objects of the sample is known before there are slots."""
    card, table = names.card, names.card.unmatched
    assert table is not None
    texts = {"unmatched.where": table.where, "sample.where": card.sample.where, "sample.weight": card.sample.weight}
    for key, text in texts.items():
        if text is None:
            continue
        expression = Expression.parse(text, key)
        names.check_known(expression, key)
        used = leaves(expression, names.reference) & {SLOT, table.number}
        if used:
            raise FlashSimError(
                f"{key} = {text!r}: it comes down to {min(used)!r}, which follows from unmatched.where; use columns of "
                "the sample"
            )


def _check_whole_numbers(names: Names) -> None:
    """A column is whole numbers for all objects, or for none."""
    kinds: dict[str, tuple[bool, str]] = {}
    for stage in names.card.stages:
        for name in stage.predicted_names:
            whole = stage.draws_whole(name)
            if kinds.setdefault(name, (whole, stage.name))[0] != whole:
                raise FlashSimError(
                    f"stage.{stage.name}.predict: {name!r} is {'a' if whole else 'no'} whole number here, and "
                    f"{'none' if whole else 'one'} in stage {kinds[name][1]!r}; it must be the same in both"
                )
