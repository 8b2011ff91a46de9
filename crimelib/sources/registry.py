"""Which module reads which source."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from crimelib.settings import Settings
from crimelib.sources.discovery import Cleaned, RawFile

MODULES = {
    "mps_recorded_crime": "crimelib.sources.mps_recorded_crime",
    "mps_monthly_dashboard": "crimelib.sources.mps_monthly_dashboard",
    "mps_vawg": "crimelib.sources.vawg",
    "police_uk": "crimelib.sources.police_uk",
    "mopac_pas": "crimelib.sources.mopac_pas",
    "geography": "crimelib.sources.geography",
    "partner_returns": "crimelib.sources.partner_returns",
    "asb_calls": "crimelib.sources.asb_calls",
    "vehicle_thefts": "crimelib.sources.vehicle_thefts",
    "licensed_vehicles": "crimelib.sources.licensed_vehicles",
    "local_survey": "crimelib.sources.local_survey",
    "engagement": "crimelib.sources.monthly_returns",
    "victim_service": "crimelib.sources.monthly_returns",
    "resident_reports": "crimelib.sources.monthly_returns",
    "offence_recency": "crimelib.sources.monthly_returns",
    "offence_times": "crimelib.sources.monthly_returns",
}


def reader_of(source: str) -> Callable[[RawFile, Settings], Cleaned]:
    """The function that cleans a file of the source."""
    return import_module(MODULES[source]).read
