"""The parts of `peers.py`: environments, data, and one script of rates for each package that is measured."""
