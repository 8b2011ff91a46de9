"""The published files laid out as a raw folder, without copying them into the project."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

RECORDED_CRIME = ["2019-01", "2021-05", "2021-09", "2022-09", "2023-08", "2023-09", "2024-05", "2025-12"]


def lay_out(published: Path, raw: Path, vintages: Iterable[str] = RECORDED_CRIME, *, others: bool = True) -> Path:
    """Link published files below ``raw`` as the raw layout says; ``vintages`` are those of recorded crime."""
    folders = {f"mps_recorded_crime/{vintage}": published / "mps-recorded-crime" / vintage for vintage in vintages}
    if others:
        folders |= {
            "mps_monthly_dashboard/2023-08": published / "mps-monthly-dashboard",
            "mps_vawg/2023-08": published / "mps-vawg",
            "mopac_pas/2024-01": published / "mopac-pas",
        }
    for name, folder in folders.items():
        (raw / name).parent.mkdir(parents=True, exist_ok=True)
        (raw / name).symlink_to(folder, target_is_directory=True)
    return raw
