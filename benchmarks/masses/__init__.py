"""Invariant masses of the spectrometer's decays, of full simulation and of a flash sample of the same events."""
