"""Cards of collections, for files that hold an event in many lists: NanoAOD and PHYSLITE."""

from flashsim.drafts.collections.contents import Contents
from flashsim.drafts.collections.nanoaod import NANOAOD
from flashsim.drafts.collections.physlite import PHYSLITE
from flashsim.drafts.collections.plan import Layout
from flashsim.drafts.collections.whole import draft_events

__all__ = ["NANOAOD", "PHYSLITE", "Contents", "Layout", "draft_events"]
