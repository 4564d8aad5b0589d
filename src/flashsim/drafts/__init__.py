"""First cards: from a file of full simulation that nobody has described, by the names and values of its columns."""

from flashsim.drafts.draft import Draft, EventDraft, Guess
from flashsim.drafts.init import init_card
from flashsim.drafts.recognise import Like

__all__ = ["Draft", "EventDraft", "Guess", "Like", "init_card"]
