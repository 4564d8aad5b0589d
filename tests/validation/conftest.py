"""Reports are drawn once for all the tests that read them."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from flashsim.validation import Metrics, StageView, write_report

from .toys import Limits, category_view, response_view, validated


@dataclass(frozen=True)
class Drawn:
    """A validation and its page."""

    views: list[StageView]
    metrics: Metrics
    page: Path


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    """A category and a response stage, both perfect, on a page."""
    response = replace(response_view(events=100), outputs=["dp", "dx", "ndof"], covariances={})
    views = [category_view(events=100), response]
    limits = {
        "track_type": Limits(c2st_auc=0.56, efficiency_coverage=0.95, expected_calibration_error=0.05),
        "resolution": Limits(c2st_auc=0.56, wasserstein_over_null=3.0, ks_over_null=3.0),
    }
    metrics = validated(views, limits, "Toy <detector> & more", {"release": "3fa2c19e", "seed": 1})
    return Drawn(views, metrics, write_report(metrics, views, tmp_path_factory.mktemp("drawn") / "report"))
