"""Anti-kt jets of many events at once, by fastjet, with ghosts that say which partons and hadrons are in them."""

from dataclasses import dataclass

import awkward as ak
import numpy as np
from jaxtyping import Float64, Int64

from flashsim.experiments.cms_nanoaod.kinematics import mass_of, pt_eta_phi
from flashsim.experiments.cms_nanoaod.record import Record, heaviest_quark

RADIUS = 0.4
_SCALE = 1e-18  # of the momenta of ghosts: they change nothing


@dataclass(frozen=True)
class Ghosts:
    """Rows of a record that are put into jets as ghosts: b hadrons, c hadrons, and partons before hadronisation."""

    rows: Int64[np.ndarray, " n"]
    event: Int64[np.ndarray, " n"]
    momentum: Float64[np.ndarray, "n 4"]
    hadron: Int64[np.ndarray, " n"]
    """5, 4, or 0 for a parton."""
    parton: Int64[np.ndarray, " n"]
    """Its pdgId, or 0 for a hadron."""


@dataclass(frozen=True)
class Jets:
    """Jets in the order of events and falling pt (GeV); constituents are the `member`s of the input, in jet `owner`."""

    event: Int64[np.ndarray, " jets"]
    momentum: Float64[np.ndarray, "jets 4"]
    pt: Float64[np.ndarray, " jets"]
    eta: Float64[np.ndarray, " jets"]
    phi: Float64[np.ndarray, " jets"]
    mass: Float64[np.ndarray, " jets"]
    hadron_flavour: Int64[np.ndarray, " jets"]
    parton_flavour: Int64[np.ndarray, " jets"]
    member: Int64[np.ndarray, " constituents"]
    owner: Int64[np.ndarray, " constituents"]

    def offsets(self, events: int) -> Int64[np.ndarray, " boundaries"]:
        """Where the jets of each event begin."""
        return np.searchsorted(self.event, np.arange(events + 1))


def ghosts_of(record: Record) -> Ghosts:
    """Last b hadrons, last c hadrons, and quarks and gluons that become hadrons."""
    species = np.abs(record.pdg)
    heaviest = heaviest_quark(species)
    bottom, charm = heaviest == 5, heaviest == 4
    last_bottom = bottom & ~record.with_daughter(bottom)
    last_charm = charm & ~bottom & ~record.with_daughter(charm)
    # Pythia gives partons that are ready for hadronisation the statuses 71 to 79.
    parton = ((species <= 5) | (species == 21)) & (np.abs(record.status) // 10 == 7)
    rows = np.flatnonzero(last_bottom | last_charm | parton)
    hadron = np.select([last_bottom[rows], last_charm[rows]], [5, 4], 0)
    return Ghosts(rows, record.event[rows], record.momentum[rows], hadron, np.where(parton[rows], record.pdg[rows], 0))


def cluster(
    event: Int64[np.ndarray, " n"], momentum: Float64[np.ndarray, "n 4"], ghosts: Ghosts, events: int, least: float
) -> Jets:
    """Jets above `least` GeV of pt of what is given (px, py, pz, E), and of ghosts."""
    import fastjet

    every = np.concatenate([event, ghosts.event])
    table = np.concatenate([momentum, ghosts.momentum * _SCALE])
    order = np.argsort(every, kind="stable")
    counts = np.bincount(every, minlength=events)
    columns = {name: table[order, axis] for axis, name in enumerate(("px", "py", "pz", "E"))}
    definition = fastjet.JetDefinition(fastjet.antikt_algorithm, RADIUS)
    sequence = fastjet.ClusterSequence(ak.unflatten(ak.zip(columns), counts), definition)
    constituents = sequence.constituent_index(least)
    jets = ak.to_numpy(ak.num(constituents)).astype(np.int64)
    sizes = ak.to_numpy(ak.flatten(ak.num(constituents, axis=2))).astype(np.int64)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    jet_event = np.repeat(np.arange(events), jets)
    starts = np.cumsum(counts) - counts
    member = order[ak.to_numpy(ak.flatten(ak.flatten(constituents))) + starts[jet_event][owner]]
    sums = np.stack([np.bincount(owner, table[member, axis], len(sizes)) for axis in range(4)], axis=1)
    return _sorted(jet_event, sums, member, owner, ghosts, len(event))


def _sorted(
    event: Int64[np.ndarray, " jets"],
    momentum: Float64[np.ndarray, "jets 4"],
    member: Int64[np.ndarray, " n"],
    owner: Int64[np.ndarray, " n"],
    ghosts: Ghosts,
    given: int,
) -> Jets:
    pt, eta, phi = pt_eta_phi(momentum)
    order = np.lexsort((-pt, event))
    owner = np.argsort(order)[owner]
    by_jet = np.lexsort((member, owner))
    member, owner = member[by_jet], owner[by_jet]
    ghost = member >= given
    hadron, parton = flavours(ghosts, member[ghost] - given, owner[ghost], len(pt))
    return Jets(
        event[order],
        momentum[order],
        pt[order],
        eta[order],
        phi[order],
        mass_of(momentum[order]),
        hadron,
        parton,
        member[~ghost],
        owner[~ghost],
    )


def flavours(
    ghosts: Ghosts, member: Int64[np.ndarray, " n"], owner: Int64[np.ndarray, " n"], jets: int
) -> tuple[Int64[np.ndarray, " jets"], Int64[np.ndarray, " jets"]]:
    """Hadron flavour (5, 4, 0), and that of partons: a b quark first, then a c quark, then the hardest one."""
    hadron = np.zeros(jets, dtype=np.int64)
    np.maximum.at(hadron, owner, ghosts.hadron[member])
    is_parton = ghosts.parton[member] != 0
    member, owner = member[is_parton], owner[is_parton]
    pdg, pt = ghosts.parton[member], np.hypot(*ghosts.momentum[member, :2].T)
    heavy = np.select([np.abs(pdg) == 5, np.abs(pdg) == 4], [2, 1], 0)
    order = np.lexsort((pt, heavy, owner))  # the last of each jet is meant
    parton = np.zeros(jets, dtype=np.int64)
    parton[owner[order]] = pdg[order]
    return hadron, parton
