"""Reports are drawn once for all the tests that read them."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from flashsim.validation import Metrics, StageView, validate_stages, write_report
from flashsim.validation.statistics import resampling

from .toys import Limits, category_view, response_view


@dataclass(frozen=True)
class Drawn:
    """A validation and its page."""

    views: list[StageView]
    metrics: Metrics
    page: Path


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small forests and few replicas: the toys are easy."""
    monkeypatch.setattr("flashsim.validation.classifiers.TREES", 20)
    monkeypatch.setattr("flashsim.validation.classifiers.EPOCHS", 3)
    monkeypatch.setattr("flashsim.validation.validate.resampling", partial(resampling, replicas=20, splits=5))
    monkeypatch.setattr("flashsim.validation.classifier.SHUFFLED_ROWS", 500)


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    """A category and a response stage, both perfect, on a page."""
    views = [category_view(events=100), response_view(events=100)]
    limits = {
        "track_type": Limits(c2st_auc=0.56, efficiency_coverage=0.95, expected_calibration_error=0.05),
        "resolution": Limits(c2st_auc=0.56, wasserstein_over_null=3.0, ks_over_null=3.0),
    }
    metrics = validate_stages(views, limits, "Toy <detector> & more", {"release": "3fa2c19e", "seed": 1})
    return Drawn(views, metrics, write_report(metrics, views, tmp_path_factory.mktemp("drawn") / "report"))
