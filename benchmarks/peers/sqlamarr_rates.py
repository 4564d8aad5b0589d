"""SQLamarr's rates on files of HepMC2, with and without networks. Runs in SQLamarr's environment.

A file is a bunch crossing: load it, find primary vertices, select particles, propagate them to the beam; acceptance,
efficiency, the type of the track, resolution and covariance by compiled functions; tracks stay in the database.
"""

import json
import os
import sqlite3
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import SQLamarr
from serve import Work, repeated, serve

CHARGED = """
SELECT p.mcparticle_id AS mcparticle_id, v.x AS x, v.y AS y, v.z AS z,
  log10(norm2(p.px, p.py, p.pz)) AS log10_p, p.px / p.pz AS tx, p.py / p.pz AS ty,
  pseudorapidity(p.px, p.py, p.pz) AS eta, azimuthal(p.px, p.py, p.pz) AS phi,
  abs(p.pid) = 11 AS is_e, abs(p.pid) = 13 AS is_mu, abs(p.pid) IN (211, 321, 2212) AS is_h,
  propagation_charge(p.pid) AS charge
FROM MCParticles AS p JOIN MCVertices AS v ON p.production_vertex = v.mcvertex_id
WHERE p.pz > 1 AND propagation_charge(p.pid) <> 0
"""
TYPES = """
SELECT a.mcparticle_id, CASE WHEN random_category(1 - a.accepted, a.accepted) = 1
  THEN random_category(e.none, 0, 0, e.long, e.upstream) ELSE 0 END AS track_type
FROM acceptance AS a JOIN efficiency AS e ON a.mcparticle_id = e.mcparticle_id
"""
CLOSEST = """
SELECT c.mcparticle_id, x + (closest - z) * tx AS x, y + (closest - z) * ty AS y, closest AS z, tx, ty, log10_p,
  is_e, is_mu, is_h
FROM (SELECT *, z_closest_to_beam(x, y, z, tx, ty) AS closest FROM charged) AS c
"""
OF_TYPE = """
SELECT s.*, t.track_type = 3 AS is_long, t.track_type = 4 AS is_upstream, t.track_type = 5 AS is_downstream
FROM closest AS s JOIN track_type AS t ON s.mcparticle_id = t.mcparticle_id WHERE t.track_type > 0
"""
MEASURED = """
SELECT s.mcparticle_id, s.x, s.y, s.z, s.tx, s.ty, s.log10_p, r.chi2, r.ndof, r.ghost, s.is_e, s.is_mu, s.is_h,
  s.is_long, s.is_upstream, s.is_downstream
FROM states AS s JOIN resolution AS r ON s.mcparticle_id = r.mcparticle_id
"""
RESIDUALS = ["dx", "dy", "dz", "dtx", "dty", "dp", "chi2", "ndof", "ghost"]
COVARIANCE = [f"c{row}{column}" for row in range(5) for column in range(row + 1)]
KEY = ["mcparticle_id"]


CHARGED_COLUMNS = [*KEY, "x", "y", "z", "log10_p", "tx", "ty", "eta", "phi", "is_e", "is_mu", "is_h", "charge"]
CLOSEST_COLUMNS = [*KEY, "x", "y", "z", "tx", "ty", "log10_p", "is_e", "is_mu", "is_h"]
STATES = [*CLOSEST_COLUMNS, "is_long", "is_upstream", "is_downstream"]
TRACKS = (
    f"SELECT s.*, {', '.join(f'r.{name}' for name in RESIDUALS)}, {', '.join(f'c.{name}' for name in COVARIANCE)} "
    "FROM states AS s JOIN resolution AS r ON r.mcparticle_id = s.mcparticle_id "
    "JOIN covariance AS c ON c.mcparticle_id = s.mcparticle_id"
)


class Chain:
    """One database on disk, as SQLamarr's own example has it, cleaned before each file."""

    def __init__(self, folder, files, library=None):
        self.files, self.path = files, str(Path(folder) / f"{'networks' if library else 'plain'}.db")
        self.db = SQLamarr.SQLite3DB(self.path)
        self.db.seed(1)
        self.loader = SQLamarr.HepMC2DataLoader(self.db)
        steps = [
            SQLamarr.PVFinder(self.db),
            SQLamarr.MCParticleSelector(self.db),
            self._table("charged", CHARGED_COLUMNS, CHARGED),
            self._table("closest", CLOSEST_COLUMNS, CLOSEST),
        ]
        if library:
            steps += [
                self._network(library, "acceptance", ["accepted"]),
                self._network(library, "efficiency", ["none", "long", "upstream", "downstream"]),
                self._table("track_type", [*KEY, "track_type"], TYPES),
                self._table("states", STATES, OF_TYPE),
                self._generator(library, "resolution", "SELECT * FROM states", RESIDUALS),
                self._generator(library, "covariance", MEASURED, COVARIANCE),
                self._table("tracks", [*STATES, *RESIDUALS, *COVARIANCE], TRACKS, make_persistent=True),
            ]
        self.clean, self.steps = SQLamarr.Pipeline([SQLamarr.CleanEventStore(self.db)]), SQLamarr.Pipeline(steps)

    def _table(self, name, columns, query, **options):
        return SQLamarr.TemporaryTable(self.db, name, columns, query, **options)

    def _network(self, library, name, outputs):
        return SQLamarr.Plugin(self.db, library, name, "SELECT * FROM charged", name, outputs, KEY)

    def _generator(self, library, name, query, outputs):
        return SQLamarr.GenerativePlugin(self.db, library, name, query, name, outputs, 128, KEY)

    def run(self, number):
        """One of the files."""
        self.clean.execute()
        self.loader.load(self.files[number], 0, number)
        self.steps.execute()

    def __call__(self):
        """All files, one after the other."""
        for number in range(len(self.files)):
            self.run(number)

    def tracks(self):
        """How many tracks all files have."""
        total = 0
        for number in range(len(self.files)):
            self.run(number)
            with sqlite3.connect(self.path) as database:
                total += database.execute("SELECT count(*) FROM tracks").fetchone()[0]
        return total


def main():
    about = json.loads(Path(sys.argv[1]).read_text())
    files, collisions = about["files"], about["collisions"]
    with tempfile.TemporaryDirectory() as folder:
        networks, plain = Chain(folder, files, about["library"]), Chain(folder, files)
        tracks = networks.tracks()
        serve(
            {"SQLamarr": version("SQLamarr"), "HepMC3": version("hepmc3")},
            {
                "simulate": repeated(networks, collisions),
                "simulate without networks": repeated(plain, collisions),
                "tracks": lambda seconds: Work(tracks, 1.0, 1.0),  # of all files, not timed
            },
        )


if __name__ == "__main__":
    main()
    os._exit(0)  # its destructors close a database twice
