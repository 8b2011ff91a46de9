"""Every illustrative file as bytes, by its path below the raw folder."""

from __future__ import annotations

from crimelib.illustrative.calibration import Calibration, load_calibration
from crimelib.illustrative.counts import all_offences
from crimelib.illustrative.recorded_crime import recorded_crime_files
from crimelib.settings import Settings

PARAMETER_FILES = ("illustrative.yml", "questionnaire.yml")
SOURCES = ("mps_recorded_crime",)


def folders(calibration: Calibration) -> list[str]:
    """The vintage folders written, as ``source/vintage``."""
    newest = [f"{source}/{calibration.vintage}" for source in SOURCES]
    return [*newest, f"mps_recorded_crime/{calibration.older_vintage.name}"]


def sample_files(settings: Settings) -> dict[str, bytes]:
    """The bytes of every illustrative file: the same parameters give the same bytes."""
    calibration = load_calibration(settings)
    offences = all_offences(calibration)
    return recorded_crime_files(calibration, offences)
