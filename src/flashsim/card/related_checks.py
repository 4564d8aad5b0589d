"""Whether columns of related objects name a rule that exists, and what it gives."""

from flashsim.card.expressions import Expression
from flashsim.card.related import OF_THE_NEAREST, OF_THE_PAIR, Related, summed
from flashsim.card.schema import Card
from flashsim.errors import FlashSimError, nearest


def check_related(card: Card) -> None:
    """Refuse a column of related objects that are not declared, and a rule that does not give what is asked."""
    for name, related in card.related.items():
        if related.where is not None:
            Expression.parse(related.where, f"related.{name}.where")
        if related.total is not None:
            _check_sum(related, f"related.{name}")
        _check_without(card, name, (name,))
    columns = {f"columns.{name}": column for name, column in card.columns.items()}
    columns |= {f"reconstructed.{name}": column for name, column in card.reconstructed.items()}
    for key, column in columns.items():
        if column.of is None:
            continue
        if column.of not in card.related:
            known = ", ".join(card.related) or "none"
            raise FlashSimError(
                f"{key}.of = {column.of!r}: there is no table [related.{column.of}]"
                f"{nearest(column.of, card.related)}; there are {known}"
            )
        if column.source is None:
            raise FlashSimError(f"{key}.source is missing: name a column of the file, or {', '.join(OF_THE_PAIR)}")
        rule = card.related[column.of]
        if column.source in OF_THE_NEAREST and rule.nearest is None:
            raise FlashSimError(f"{key}.source = {column.source!r}: only related objects that are 'nearest' have it")
        if (column.source == "sum") != (rule.total is not None):
            raise FlashSimError(
                f"{key}.source = {column.source!r}: 'sum' is what a rule with 'sum' has, and all it has"
            )
    if columns and all(column.of is not None for column in columns.values()):
        raise FlashSimError("columns: all are of related objects; at least one must be of the card's own objects")


def _check_without(card: Card, name: str, asked: tuple[str, ...]) -> None:
    """Rules that take some of the others first are there, take each of them once, and do not wait for one another."""
    for place, other in enumerate(card.related[name].without):
        key = f"related.{name}.without[{place}] = {other!r}"
        if other in asked:
            raise FlashSimError(f"{key}: it waits for itself ({' → '.join((*asked, other))}); leave one of them out")
        if other not in card.related:
            raise FlashSimError(f"{key}: there is no table [related.{other}]{nearest(other, card.related)}")
        rule = card.related[other]
        if rule.index is None and not rule.once:
            raise FlashSimError(
                f"{key}: by that rule one may belong to several objects; give it an 'index', or say 'once = true'"
            )
        _check_without(card, other, (*asked, other))


def _check_sum(related: Related, key: str) -> None:
    """A sum is over the objects of one list."""
    assert related.total is not None
    for part, text in (("sum", related.total), ("where", related.where)):
        if text is not None and not Expression.parse(text, f"{key}.{part}").of_one_object:
            raise FlashSimError(
                f"{key}.{part} = {text!r}: functions of whole events, and charge(), cannot be used here"
            )
    beginning, names = summed(related.total, related.where)
    if not names:
        raise FlashSimError(
            f"{key}.sum = {related.total!r}: names no column of the others; with 'where' it may be a number"
        )
    strange = sorted(name for name in Expression.parse(related.total).names if not name.startswith(beginning))
    if strange:
        raise FlashSimError(
            f"{key}.sum = {related.total!r}: {strange[0]!r} does not begin with {beginning!r} as the others"
        )
