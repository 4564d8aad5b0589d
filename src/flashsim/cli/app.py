"""The command line: one module a verb, errors in one line, Ctrl-C without a mess."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.markup import escape

from flashsim.errors import FlashSimError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
    help="Flash simulation of particle detectors: learn the response from full simulation, then simulate "
    "without transporting particles through matter.\n\nStart with [bold]flashsim demo[/bold].",
)
# In a file or a pipe nothing is cut to the 80 columns of a terminal that is not there.
console = Console(width=None if sys.stdout.isatty() else 200)
errors = Console(stderr=True)

BAD_INPUT = 2
INTERRUPTED = 130


def main() -> None:
    """The entry point of ``flashsim``: status 0, 1 (a gate failed), 2 (bad input) or 130 (Ctrl-C)."""
    try:
        app(prog_name="flashsim")
    except FlashSimError as error:
        errors.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True, highlight=False)
        sys.exit(BAD_INPUT)


@contextmanager
def interruptible(kept: str) -> Iterator[None]:
    """Turn Ctrl-C into one sentence that says what was kept."""
    try:
        yield
    except KeyboardInterrupt:
        errors.print(f"[bold yellow]interrupted:[/] {escape(kept)}", soft_wrap=True, highlight=False)
        raise typer.Exit(INTERRUPTED) from None
