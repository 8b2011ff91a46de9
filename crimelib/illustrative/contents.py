"""Every illustrative file as bytes, by its path below the raw folder."""

from __future__ import annotations

from crimelib.illustrative.attitudes import attitudes_file
from crimelib.illustrative.calibration import Calibration, load_calibration
from crimelib.illustrative.counts import all_offences
from crimelib.illustrative.dashboard import dashboard_file
from crimelib.illustrative.engagement import engagement_file
from crimelib.illustrative.licensed_vehicles import licensed_vehicles_file
from crimelib.illustrative.local_extracts import (
    asb_call_files,
    local_survey_file,
    partner_return_files,
    vehicle_theft_file,
)
from crimelib.illustrative.monthly_returns import (
    offence_recency_file,
    offence_times_file,
    resident_reports_file,
    victim_service_file,
)
from crimelib.illustrative.police_uk import police_uk_files
from crimelib.illustrative.police_uk_searches import search_files
from crimelib.illustrative.recorded_crime import recorded_crime_files
from crimelib.illustrative.vawg import vawg_file
from crimelib.settings import Settings

QUESTIONNAIRE = "questionnaire.yml"
PARAMETER_FILES = ("illustrative.yml", QUESTIONNAIRE, "offence_times.yml")
SOURCES = (
    "mps_recorded_crime",
    "mps_monthly_dashboard",
    "mps_vawg",
    "police_uk",
    "mopac_pas",
    "asb_calls",
    "vehicle_thefts",
    "partner_returns",
    "local_survey",
    "engagement",
    "licensed_vehicles",
    "victim_service",
    "resident_reports",
    "offence_times",
    "offence_recency",
)


def folders(calibration: Calibration) -> list[str]:
    """The vintage folders written, as ``source/vintage``."""
    newest = [f"{source}/{calibration.vintage}" for source in SOURCES]
    return [*newest, f"mps_recorded_crime/{calibration.older_vintage.name}"]


def sample_files(settings: Settings) -> dict[str, bytes]:
    """The bytes of every illustrative file: the same parameters give the same bytes."""
    calibration = load_calibration(settings)
    offences = all_offences(calibration)
    return {
        **recorded_crime_files(calibration, offences),
        **dashboard_file(calibration, offences),
        **vawg_file(calibration),
        **police_uk_files(calibration, offences),
        **attitudes_file(calibration),
        **asb_call_files(calibration),
        **vehicle_theft_file(calibration, offences),
        **partner_return_files(calibration),
        **local_survey_file(calibration, settings.folder / QUESTIONNAIRE),
        **engagement_file(calibration),
        **licensed_vehicles_file(calibration),
        **search_files(calibration),
        **victim_service_file(calibration),
        **resident_reports_file(calibration),
        **offence_times_file(calibration, offences, settings.offence_times),
        **offence_recency_file(calibration, offences),
    }
