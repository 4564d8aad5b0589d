"""Simulation: the stages of a detector over canonical blocks and tiles, with counter-based random keys."""

from flashsim.simulation.blocks import Block, blocks
from flashsim.simulation.detector import SimulatedBlock, simulate_block
from flashsim.simulation.run import simulate_blocks

__all__ = ["Block", "SimulatedBlock", "blocks", "simulate_block", "simulate_blocks"]
