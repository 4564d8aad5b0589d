import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def golden() -> Path:
    """The small files made by tests/data/events/make.py and by hand."""
    return REPOSITORY / "tests" / "data" / "events"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Real files made by others, which are not part of the project."""
    folder = Path(os.environ.get("FLASHSIM_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "evt0.mc2").exists():
        pytest.skip(f"no evt0.mc2 in {folder}: set FLASHSIM_DATA to the folder of the real files")
    return folder
