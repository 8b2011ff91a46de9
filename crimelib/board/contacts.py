"""Ward teams' contacts: those of an area's wards, and which of them are missing or have not been checked of late.

The contacts are public, and leave the parameters only on the printed questionnaire and, each ward's own, on its ward
page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated

import pandas as pd
from pydantic import Field

from crimelib.board.text import Text
from crimelib.measures.placing import ward_set_in_force
from crimelib.settings import Area, Day, Settings, Strict, Ward

if TYPE_CHECKING:
    from crimelib.board.item import Board

CONTACTS = "contacts.csv"
FRESH_MONTHS = 6
MOST_LISTED = 6


class Contact(Strict):
    """A row of ``contacts.csv``: how a ward's team is reached, and the day on which somebody last checked it."""

    ward_code: Annotated[str, Field(pattern=r"^E05\d{6}$")]
    ward: str
    team: str
    email: Annotated[str, Field(pattern=r"^[\w.+&'-]+@[\w-]+(\.[\w-]+)+$")] = ""
    phone: Annotated[str, Field(pattern=r"^\+?[\d ]{3,20}$")] = ""
    page: Annotated[str, Field(pattern=r"^https://[\w.-]+(/[\w./%~-]*)?$")] = ""
    checked: Day | None = None
    note: str = ""

    @property
    def reaches(self) -> bool:
        """Whether there is any way to reach the team other than its page."""
        return bool(self.email or self.phone)


def contacts_of(settings: Settings) -> dict[str, Contact]:
    """Every declared contact by its ward's code."""
    return {row.ward_code: row for row in settings.rows(CONTACTS, Contact)}


def wards_on(settings: Settings, area: Area, day: date) -> list[Ward]:
    """An area's wards in the boundaries of a day, by name."""
    boundaries = ward_set_in_force(pd.Period(day, freq="M"))
    here = [ward for ward in settings.wards if ward.borough_code == area.code and ward.ward_set == boundaries]
    return sorted(here, key=lambda ward: ward.name)


def contact_warning(contact: Contact | None, day: date) -> str:
    """What is wrong with one contact on a day, nothing where it is whole and was checked within six months."""
    if contact is None or not contact.reaches:
        return "no e-mail or phone"
    if contact.checked is None:
        return "never checked"
    oldest = (pd.Timestamp(day) - pd.DateOffset(months=FRESH_MONTHS)).date()
    return "not checked for six months" if date.fromisoformat(contact.checked) < oldest else ""


def warnings_on(settings: Settings, wards: Iterable[Ward], day: date) -> list[str]:
    """A line a fault of the contacts of some wards on a day, with the wards that have it."""
    known = contacts_of(settings)
    faults: dict[str, list[str]] = {}
    for ward in wards:
        if fault := contact_warning(known.get(ward.code), day):
            faults.setdefault(fault, []).append(ward.name)
    return [f"Ward contacts, {fault}: {_listed(names)}." for fault, names in faults.items()]


def contact_warnings(settings: Settings, area: Area, period: pd.Period) -> list[str]:
    """What is wrong with the contacts of an area's wards at the end of a period, a line a fault."""
    day = period.end_time.date()
    return warnings_on(settings, wards_on(settings, area, day), day)


def contacts_text(board: Board) -> Text:
    """The warnings as a page shows them, without any address."""
    lines = contact_warnings(board.settings, board.area, board.period)
    many = len(wards_on(board.settings, board.area, board.period.end_time.date()))
    none = (f"Each of {many} wards has a contact that was checked within six months.",) if many else ()
    return Text(tuple(lines) or none, bullet="- ", heading="Ward contacts")


def contacts_refreshed(settings: Settings, area: Area, period: pd.Period) -> date | None:
    """The day on which most contacts of the wards in force were last checked, None where most have not been."""
    last = period.end_time.date()
    wards = wards_on(settings, area, last)
    days = sorted(_checked(settings, wards, last), reverse=True)
    half = len(wards) // 2
    return days[half] if len(days) > half else None


def _checked(settings: Settings, wards: Iterable[Ward], last: date) -> Iterator[date]:
    known = contacts_of(settings)
    for contact in (known[ward.code] for ward in wards if ward.code in known):
        if contact.checked and date.fromisoformat(contact.checked) <= last:
            yield date.fromisoformat(contact.checked)


def _listed(names: list[str]) -> str:
    more = len(names) - MOST_LISTED
    return f"{', '.join(names[:MOST_LISTED])} and {more} more" if more > 0 else ", ".join(names)
