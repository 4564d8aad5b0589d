"""One variable at a time: its distribution, profiles, pulls, what cannot be, and sums of whole events."""
