"""Whether columns of related objects name a rule that exists, and what it gives."""

from flashsim.card.expressions import Expression
from flashsim.card.related import OF_THE_PAIR
from flashsim.card.schema import Card
from flashsim.errors import FlashSimError, nearest


def check_related(card: Card) -> None:
    """Refuse a column of related objects that are not declared, and a rule that does not give what is asked."""
    for name, related in card.related.items():
        if related.where is not None:
            Expression.parse(related.where, f"related.{name}.where")
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
        if column.source in OF_THE_PAIR[1:] and card.related[column.of].nearest is None:
            raise FlashSimError(f"{key}.source = {column.source!r}: only related objects that are 'nearest' have it")
    if columns and all(column.of is not None for column in columns.values()):
        raise FlashSimError("columns: all are of related objects; at least one must be of the card's own objects")
