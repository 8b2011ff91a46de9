"""All of ``../shared/published-data`` linked as a raw folder, for the benchmarks."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PUBLISHED = ROOT.parent / "shared" / "published-data"
sys.path.insert(0, str(ROOT / "tests"))

from published import lay_out  # noqa: E402


def published_raw(folder: Path, published: Path = PUBLISHED) -> Path:
    """The raw folder below ``folder``; ends with a line where there are no published files."""
    if not published.is_dir():
        sys.exit(f"there are no published files in {published}: give their folder with --published")
    recorded = sorted(path.name for path in (published / "mps-recorded-crime").iterdir() if path.is_dir())
    raw = lay_out(published, folder / "raw", recorded)
    linked = {f"police_uk/{path.name}": path for path in (published / "police-uk").iterdir() if path.is_dir()}
    for name, place in {**linked, "geography/2024": published / "geography"}.items():
        (raw / name).parent.mkdir(parents=True, exist_ok=True)
        (raw / name).symlink_to(place, target_is_directory=True)
    return raw
