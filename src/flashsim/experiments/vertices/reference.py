"""The reference sample of vertices, made of a sample of the spectrometer."""

from pathlib import Path

from flashsim.errors import FlashSimError
from flashsim.experiments.production import read_provenance, write_sample
from flashsim.experiments.vertices.crossings import COLLISIONS, crossings, read_collisions
from flashsim.experiments.vertices.finder import FEWEST


def make_vertices(tracks: str | Path, output: str | Path, *, rounds: int = 1, seed: int = 0) -> Path:
    """Put the events of a sample of the spectrometer together to bunch crossings, find vertices, and write `output`.

    Each event comes once in each of the `rounds`, each time among others. The same arguments give the same bytes.
    Raises FlashSimError for a file that is no such sample, or an output that exists.
    """
    tracks, output = Path(tracks), Path(output)
    if output.exists():
        raise FlashSimError(f"{output} exists: remove it, or give another output")
    if not output.parent.is_dir():
        raise FlashSimError(f"{output.parent} is not a folder: make it, or give another output")
    if rounds < 1:
        raise FlashSimError(f"rounds = {rounds}: at least 1 is needed")
    try:
        origin = read_provenance(tracks)
    except (OSError, ValueError) as error:
        raise FlashSimError(f"{tracks}: cannot be read as a sample of the spectrometer ({error})") from error
    if origin.get("experiment") != "spectrometer":
        raise FlashSimError(f"{tracks}: a sample of {origin.get('experiment')!r}, not of the spectrometer")
    table = crossings(read_collisions(tracks), rounds, seed)
    provenance = {
        "experiment": "vertices",
        "rounds": rounds,
        "seed": seed,
        "collisions_of_a_crossing": COLLISIONS,
        "fewest_tracks": FEWEST,
        "tracks": origin,
    }
    write_sample(output, table, provenance)
    return output
