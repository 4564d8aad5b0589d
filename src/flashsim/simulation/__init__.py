"""Simulation: the stages of a detector over canonical blocks and tiles, with counter-based random keys."""

from flashsim.simulation.blocks import Block, blocks, first_events
from flashsim.simulation.detector import SimulatedBlock, simulate_block
from flashsim.simulation.produce import Request, produce
from flashsim.simulation.produce_events import produce_events
from flashsim.simulation.run import simulate_blocks
from flashsim.simulation.unfinished import Counts

__all__ = [
    "Block",
    "Counts",
    "Request",
    "SimulatedBlock",
    "blocks",
    "first_events",
    "produce",
    "produce_events",
    "simulate_block",
    "simulate_blocks",
]
