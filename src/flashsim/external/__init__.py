"""Programs of others in processes of their own: their crash is an error, and not the end."""

from flashsim.external.program import Program

__all__ = ["Program"]
