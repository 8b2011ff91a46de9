"""What every test may ask for: the published files, and how hard Hypothesis looks."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ("checks",)

ROOT = Path(__file__).resolve().parent.parent
PUBLISHED_DATA = ROOT.parent / "shared" / "published-data"

# Derandomised by default, so that a run tells about the change and not about luck; no test here is timed.
settings.register_profile("quick", max_examples=50, deadline=None, derandomize=True)
settings.register_profile("few", max_examples=5, deadline=None, derandomize=True)  # a mutant at a time
settings.register_profile("long", max_examples=2000, deadline=None)
settings.load_profile("quick")


@pytest.fixture(scope="session")
def published_data() -> Path:
    """The publishers' own files, read in place; the test skips where they are not."""
    if not PUBLISHED_DATA.is_dir():
        pytest.skip(f"no published files at {PUBLISHED_DATA}")
    return PUBLISHED_DATA
