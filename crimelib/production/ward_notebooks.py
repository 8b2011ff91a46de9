"""The ward notebook made into one notebook a ward."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from crimelib.production.notebook_copies import copy_for
from crimelib.settings import Ward

WARD_PAGE = "ward"


def ward_notebooks(source: Path, wards: Iterable[Ward], folder: Path) -> list[Path]:
    """Write a copy of the ward notebook for each ward into ``folder``, with the ward's code for its parameter and the
    ward's name for its heading; their paths (``15_ward_bickley.ipynb``)."""
    return [
        copy_for(source, folder, parameter="ward", value=ward.code, heading=f"{ward.name} ward", name=ward.name)
        for ward in wards
    ]
