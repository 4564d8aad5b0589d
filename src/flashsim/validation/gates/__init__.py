"""The limits of a card held against what was measured, and what has changed since another validation."""
