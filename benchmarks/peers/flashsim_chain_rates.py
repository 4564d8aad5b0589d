"""FlashSim's rates from files of HepMC2 to a file of tracks. Runs in FlashSim's own environment."""

import json
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from serve import Work, repeated, serve

from flashsim.api import load, simulate
from flashsim.events import read_events


def main() -> None:
    about = json.loads(Path(sys.argv[1]).read_text())
    detector, collisions = load(about["release"]), about["collisions"]
    files, many = about["files"], about["files"] * about["copies"]

    def chain(files: list[str]) -> int:
        with tempfile.TemporaryDirectory() as folder:
            return simulate(detector, files, Path(folder) / "tracks.parquet").reconstructed

    def read() -> None:
        for _ in read_events(many):
            pass

    tracks = chain(files)
    serve(
        {"FlashSim": version("flashsim")},
        {
            "simulate": repeated(lambda: chain(many), collisions * about["copies"]),
            "simulate once": repeated(lambda: chain(files), collisions),
            "read": repeated(read, collisions * about["copies"]),
            "tracks": lambda seconds: Work(tracks, 1.0, 1.0),  # of all files, not timed
        },
    )


if __name__ == "__main__":
    main()
