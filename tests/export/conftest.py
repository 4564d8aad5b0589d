"""What the tests of exports share: the toy's functions, in each format."""

import pytest
from formats import FORMATS

from flashsim.exports.chain import Chain
from flashsim.exports.functions import Exported, exported_detector, exported_stage
from flashsim.release import Detector


@pytest.fixture(scope="session")
def functions(toy_detector: Detector) -> list[Exported]:
    """The stages of the toy, and the whole of it."""
    return [*(exported_stage(trained) for trained in toy_detector.stages), exported_detector(Chain(toy_detector))]


@pytest.fixture(scope="session", params=FORMATS)
def runs(request: pytest.FixtureRequest, functions: list[Exported], tmp_path_factory: pytest.TempPathFactory):
    """Every function of the toy in a format."""
    return FORMATS[request.param](functions, tmp_path_factory.mktemp(request.param))
