"""Progress bars of the verbs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from flashsim.cli.app import console
from flashsim.training import Progress as TrainingProgress


@contextmanager
def training_progress(title: str) -> Iterator[Callable[[TrainingProgress], None]]:
    """A bar a stage with its losses and throughput; on no terminal, a line when a stage ends."""
    bars = Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<14}"),
        BarColumn(bar_width=24),
        TextColumn("epoch {task.fields[epoch]:>3}/{task.total:.0f}"),
        TextColumn("loss {task.fields[training]:8.4f}  held out {task.fields[validation]}"),
        TextColumn("{task.fields[rate]:>9,.0f} objects/s"),
        TimeElapsedColumn(),
        console=console,
    )
    tasks = {}

    def show(progress: TrainingProgress) -> None:
        values = {
            "epoch": progress.epoch,
            "training": progress.training,
            "validation": _held_out(progress),
            "rate": progress.rows_per_second,
        }
        if progress.stage not in tasks:
            tasks[progress.stage] = bars.add_task(progress.stage, total=progress.epochs, **values)
        bars.update(tasks[progress.stage], completed=progress.epoch, **values)

    console.print(f"[bold]Training[/] {title}")
    if console.is_terminal:
        with bars:
            yield show
    else:
        last: list[TrainingProgress] = []
        yield lambda progress: _line_a_stage(last, progress)
        _print_line(last)


def _held_out(progress: TrainingProgress) -> str:
    """The held-out loss, with its spread over the members of an ensemble."""
    spread = "" if progress.spread is None else f" ± {progress.spread:.4f}"
    return f"{progress.validation:.4f}{spread}"


def _line_a_stage(last: list[TrainingProgress], progress: TrainingProgress) -> None:
    if last and last[0].stage != progress.stage:
        _print_line(last)
    last[:] = [progress]


def _print_line(last: list[TrainingProgress]) -> None:
    for progress in last:
        console.print(
            f"{progress.stage}: {progress.epoch} epochs, loss {progress.training:.4f}, held out "
            f"{_held_out(progress)}, {progress.rows_per_second:,.0f} objects/s",
            highlight=False,
        )


@contextmanager
def events_progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """Counts of events and objects done so far, with their rate."""
    bar = Progress(
        SpinnerColumn(),
        TextColumn("[bold]{task.description}"),
        TextColumn("{task.fields[events]:,} events  {task.completed:,.0f} objects"),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task(title, total=None, events=0, rate="")

        def show(events: int, objects: int) -> None:
            speed = bar.tasks[task].speed
            rate = "" if not speed else f"{speed:,.0f} objects/s"
            bar.update(task, completed=objects, events=events, rate=rate)

        yield show


@contextmanager
def steps_progress(title: str) -> Iterator[Callable[[str], None]]:
    """One line that says what is going on."""
    with console.status(title) as status:
        yield lambda text: status.update(f"{title}: {text}")
