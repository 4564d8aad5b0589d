"""flashsim models: the families that a card may name."""

from rich.table import Table

from flashsim.cli.app import app, console


@app.command()
def models() -> None:
    """List the families of models: what a stage of each kind may have as model.family.

    The defaults are marked with a star.
    """
    from flashsim.card import DEFAULT_FAMILY
    from flashsim.models import FAMILIES

    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("family", "kind", "what it is", "paper"):
        table.add_column(title)
    for name, family in FAMILIES.items():
        star = " *" if DEFAULT_FAMILY[family.kind] == name else ""
        table.add_row(name + star, family.kind, family.meaning, f"arXiv:{family.arxiv}" if family.arxiv else "")
    console.print(table, highlight=False)
