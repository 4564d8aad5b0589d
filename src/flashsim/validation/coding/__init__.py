"""Every column as small whole numbers: grids of its values, bins of the axes, and sums per group of events."""
