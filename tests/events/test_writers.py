"""Outputs: what was written is read back, the bytes are a function of the events, and half a file never stays."""

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import uproot
from output_formats import FORMATS

from flashsim.errors import FlashSimError
from flashsim.events import (
    Collection,
    ColumnSource,
    EventBatch,
    OutputBatch,
    OutputSchema,
    content_sha256,
    open_writer,
    read_events,
)
from flashsim.events.row_groups import GROUP_OBJECTS, RowGroups

METADATA = {"card": "toy", "seed": 7, "units": {"track_p": "GeV"}}
every_format = pytest.mark.parametrize("kind", FORMATS)


def output(n_events: int, seed: int = 0, mean: float = 3.0) -> OutputBatch:
    """Events of 0 to some particles, of which about half are reconstructed; the first event is empty."""
    random = np.random.default_rng(seed)
    particles = random.poisson(mean, n_events)
    particles[:1] = 0
    offsets = np.concatenate([[0], np.cumsum(particles)]).astype(np.int64)
    within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], particles)
    found = random.random(offsets[-1]) < 0.5
    tracks = np.concatenate([[0], np.cumsum(found)])[offsets].astype(np.int64)
    truth = {"pid": random.integers(-20, 20, offsets[-1]).astype(np.int32), "px": random.normal(size=offsets[-1])}
    track = {
        "p": random.normal(size=found.sum()).astype(np.float32),
        "ndof": random.integers(0, 9, found.sum()).astype(np.int16),
        "particle": within[found].astype(np.int32),
        "outside": random.random(found.sum()) < 0.1,
    }
    return OutputBatch(
        run=np.full(n_events, 3, dtype=np.int64),
        event=np.arange(n_events, dtype=np.int64),
        copy=np.zeros(n_events, dtype=np.int32),
        collections={"particle": Collection(offsets, truth), "track": Collection(tracks, track)},
    )


def write(folder: Path, kind: str, events: OutputBatch, chunk: int) -> Path:
    folder.mkdir(exist_ok=True)
    name, form = FORMATS[kind]
    with open_writer(folder / name, OutputSchema.of(events), METADATA, format=form) as writer:  # type: ignore[arg-type]
        for start in range(0, events.n_events, chunk):
            writer.write(events.slice(start, min(start + chunk, events.n_events)))
    return folder / name


@every_format
@pytest.mark.parametrize("collection", ["particle", "track"])
def test_what_was_written_is_read_back(tmp_path: Path, kind: str, collection: str):
    events = output(50)
    path = write(tmp_path, kind, events, 7)
    written = events.collections[collection]
    columns = {name: ColumnSource(f"{collection}_{name}") for name in written.columns}
    back = EventBatch.concatenate(list(read_events(path, columns, chunk_events=7)))
    assert back.run.tolist() == events.run.tolist()
    assert back.event.tolist() == events.event.tolist()
    assert back.offsets.tolist() == written.offsets.tolist()
    for name, values in written.columns.items():
        assert back.columns[name].dtype == values.dtype
        np.testing.assert_array_equal(back.columns[name], values)


@every_format
def test_bytes_do_not_depend_on_how_events_arrive_nor_on_name_nor_time(tmp_path: Path, kind: str):
    events = output(300)
    sums = set()
    for index, chunk in enumerate((1, 7, 300)):
        path = write(tmp_path / str(index), kind, events, chunk)
        path = path.rename(path.with_stem(f"other{index}"))
        sums.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(sums) == 1


def test_bytes_are_those_of_another_process_at_another_time(tmp_path: Path):
    paths = {kind: write(tmp_path / f"here-{kind}", kind, output(20), 20) for kind in FORMATS}
    script = (
        "import sys, time; from pathlib import Path; time.sleep(1.1)\n"
        "from test_writers import *\n"  # ROOT files count time in seconds
        "for kind in FORMATS: write(Path(sys.argv[1]) / f'there-{kind}', kind, output(20), 3)"
    )
    run_python(script, tmp_path)
    for kind, path in paths.items():
        assert (tmp_path / f"there-{kind}" / path.name).read_bytes() == path.read_bytes()


def run_python(script: str, *arguments: object) -> str:
    """What a script prints, in a process of its own that finds these tests, and where every warning is an error."""
    command = [sys.executable, "-W", "error", "-c", script, *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_the_content_has_one_checksum_in_every_format(tmp_path: Path):
    events = output(40)
    sums = {content_sha256(write(tmp_path / kind, kind, events, 7)) for kind in FORMATS}
    assert len(sums) == 1
    assert sums != {content_sha256(write(tmp_path / "other", "parquet", output(40, seed=1), 7))}
    swapped = OutputBatch(events.run, events.event[::-1].copy(), events.copy, events.collections)
    assert sums != {content_sha256(write(tmp_path / "swapped", "parquet", swapped, 7))}


@every_format
def test_metadata_are_in_the_file(tmp_path: Path, kind: str):
    path = write(tmp_path, kind, output(5), 5)
    if kind == "parquet":
        text = (pq.read_schema(path).metadata or {})[b"flashsim"].decode()
    elif kind == "sqlite":
        with closing(sqlite3.connect(path)) as file:
            ((text,),) = file.execute("SELECT value FROM flashsim_metadata WHERE key = 'flashsim'").fetchall()
    else:
        with uproot.open(path) as file:
            text = str(file["flashsim"])
            assert file.classnames(cycle=False)["events"] == {"ttree": "TTree", "rntuple": "ROOT::RNTuple"}[kind]
    assert json.loads(text) == METADATA


@every_format
def test_a_file_of_no_events_is_a_file(tmp_path: Path, kind: str):
    path = write(tmp_path, kind, output(5).slice(0, 0), 5)
    assert list(read_events(path, {"px": ColumnSource("particle_px")})) == []


@every_format
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_interruption_leaves_nothing(tmp_path: Path, kind: str, error: type[BaseException]):
    name, form = FORMATS[kind]
    events = output(5)

    def interrupted() -> None:
        with open_writer(tmp_path / name, OutputSchema.of(events), {}, format=form) as writer:  # type: ignore[arg-type]
            writer.write(events)
            assert [path.name for path in tmp_path.iterdir()] == [f"{name}.part"]
            raise error

    with pytest.raises(error):
        interrupted()
    assert list(tmp_path.iterdir()) == []


@every_format
def test_an_output_that_exists_is_refused_and_left(tmp_path: Path, kind: str):
    name, form = FORMATS[kind]
    (tmp_path / name).write_text("mine")
    with pytest.raises(FlashSimError, match="exists"):
        open_writer(tmp_path / name, OutputSchema.of(output(1)), {}, format=form)  # type: ignore[arg-type]
    assert (tmp_path / name).read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 1


@every_format
def test_a_full_disk_is_an_error_in_words_and_leaves_nothing(tmp_path: Path, kind: str):
    """The kernel refuses to write beyond a number of bytes a file, as it refuses on a full disk."""
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from test_writers import *\n"
        "events = output(20000)\n"
        "for limit in (0, 100, 200_000):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))\n"
        "    try: write(Path(sys.argv[1]), sys.argv[2], events, 1000)\n"
        "    except FlashSimError as error: print(error)\n"
    )
    lines = run_python(script, tmp_path, kind).splitlines()
    name, _ = FORMATS[kind]
    assert lines == [f"{tmp_path / name}: no space left on the disk; free some, or write to another place"] * 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "form", "word"),
    [("x.rot", None, "did you mean '.root'"), ("x", None, "*.parquet"), ("x.parquet", "rntuple", "rntuple")],
)
def test_formats_that_do_not_exist_are_refused(tmp_path: Path, name: str, form: str | None, word: str):
    with pytest.raises(FlashSimError) as caught:
        open_writer(tmp_path / name, OutputSchema.of(output(1)), {}, format=form)  # type: ignore[arg-type]
    assert word in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_batch_of_another_schema_is_refused(tmp_path: Path):
    events = output(3)
    other = OutputBatch(events.run, events.event, events.copy, {"particle": events.collections["particle"]})
    with open_writer(tmp_path / "x.parquet", OutputSchema.of(events), {}) as writer:
        with pytest.raises(ValueError, match="cannot be written"):
            writer.write(other)
        writer.write(events)
    assert content_sha256(tmp_path / "x.parquet")


@pytest.mark.parametrize("chunk", [13, 1000, 100_000])
def test_row_groups_are_bounded_and_do_not_depend_on_chunks(chunk: int):
    events = output(4000, mean=100.0)
    groups = RowGroups()
    found = []
    for start in range(0, 4000, chunk):
        found += groups.add(events.slice(start, min(start + chunk, 4000)))
    found += groups.rest()
    sizes = [group.n_events for group in found]
    assert sum(sizes) == 4000
    objects = [sum(int(these.offsets[-1]) for these in group.collections.values()) for group in found]
    assert max(objects) < GROUP_OBJECTS + 300  # one event more at most
    assert min(objects[:-1]) >= GROUP_OBJECTS
    whole = RowGroups()
    assert sizes == [group.n_events for group in [*whole.add(events), *whole.rest()]]


def test_an_object_and_its_truth_are_one_join_apart(tmp_path: Path):
    events = output(50)
    with closing(sqlite3.connect(write(tmp_path, "sqlite", events, 7))) as file:
        rows = file.execute(
            "SELECT events.event, track.p, particle.px, track.outside FROM track"
            " JOIN particle ON particle.event_row = track.event_row AND particle.place = track.particle"
            " JOIN events ON events.event_row = track.event_row ORDER BY track.event_row, track.place"
        ).fetchall()
    track, particle = events.collections["track"], events.collections["particle"]
    event = np.repeat(np.arange(50), np.diff(track.offsets))
    truth = particle.columns["px"][particle.offsets[event] + track.columns["particle"]]
    found = [np.array(column) for column in zip(*rows, strict=True)]
    np.testing.assert_array_equal(found[0], event)
    np.testing.assert_array_equal(found[1].astype(np.float32), track.columns["p"])
    np.testing.assert_array_equal(found[2], truth)
    np.testing.assert_array_equal(found[3].astype(bool), track.columns["outside"])


def test_not_a_number_is_null_and_comes_back(tmp_path: Path):
    values = np.array([1.0, np.nan, np.inf], np.float32)
    one = Collection(np.array([0, 3]), {"x": values})
    events = OutputBatch(np.array([1]), np.array([2]), np.zeros(1, np.int32), {"track": one})
    path = write(tmp_path, "sqlite", events, 1)
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT COUNT(*) FROM track WHERE x IS NULL").fetchall() == [(1,)]
    assert content_sha256(path) == content_sha256(write(tmp_path, "parquet", events, 1))


@pytest.mark.parametrize(("names", "word"), [(["px", "PX"], "'px' would be a column of track"), (["place"], "'place'")])
def test_names_that_sql_cannot_tell_apart_are_refused(tmp_path: Path, names: list[str], word: str):
    one = Collection(np.array([0, 1]), {name: np.zeros(1) for name in names})
    events = OutputBatch(np.array([1]), np.array([2]), np.zeros(1, np.int32), {"track": one})
    with pytest.raises(FlashSimError) as caught:
        write(tmp_path, "sqlite", events, 1)
    assert word in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_an_sqlite_file_cut_short_or_of_others_is_refused(tmp_path: Path):
    whole = write(tmp_path, "sqlite", output(200), 200).read_bytes()
    for size in (16, 60, 4096, len(whole) - 1):
        (tmp_path / "cut.sqlite").write_bytes(whole[:size])
        with pytest.raises(FlashSimError, match=r"cut\.sqlite: not a whole SQLite file"):
            content_sha256(tmp_path / "cut.sqlite")
    with closing(sqlite3.connect(tmp_path / "other.db")) as file:
        file.execute("CREATE TABLE t (x)")
    with pytest.raises(FlashSimError, match="not one that FlashSim has written"):
        list(read_events(tmp_path / "other.db"))
