"""FlashSim: flash simulation of particle detectors."""
