"""First cards: from a file of full simulation that nobody has described, by the names and values of its columns."""

from flashsim.drafts.draft import Draft, Guess
from flashsim.drafts.init import Like, init_card

__all__ = ["Draft", "Guess", "Like", "init_card"]
