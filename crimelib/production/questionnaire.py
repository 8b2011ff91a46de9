"""``crimelib questionnaire``: a printable form a ward, one A4 sheet on both sides, and the workbook for the answers."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from crimelib.areas import nearest
from crimelib.board.contacts import Contact, contact_warning, contacts_of, wards_on
from crimelib.errors import InputError, one_line
from crimelib.settings import Area, FormSection, Settings, Ward

TEMPLATE = Path(__file__).parent / "templates" / "questionnaire" / "form.typ"
SIDES = 2
PRINT_SIZES = (11.0, 10.5, 10.0, 9.5, 9.0)  # points: the largest that fits one sheet
LARGE_PRINT = 16.0
MOST_EVENT_LETTERS = 100
NO_CONTACT = "Ask an officer at the stall how to reach your ward team, or call 101 (999 in an emergency)."


def make_questionnaire(
    settings: Settings, area: Area, event: str, wards: Sequence[str], out: Path, *, large_print: bool = False
) -> list[Path]:
    """Write a form (PDF/UA-1) for each named ward, or for all of the area's, and one entry workbook below ``out``;
    returns their paths. The ``event`` ends with its date (``Community Impact Day 2022-03-12``), which decides the ward
    boundaries and how old a contact is.

    Raises :class:`InputError` for an event without a date, an unknown ward, a form that does not fit one sheet, and a
    workbook that is there already: answers may be in it.
    """
    from crimelib.production.entry_workbook import write_entry_workbook

    name, day = parse_event(event)
    chosen = chosen_wards(settings, area, wards, day)
    workbook = out / f"responses-{_slug(name)}-{day}.xlsx"
    if workbook.exists():
        raise InputError("the workbook is there already, and answers may be in it", where=workbook.name, fix="move it")
    forms = {ward: form_pdf(settings, area, ward, name, day, large_print=large_print) for ward in chosen}
    out.mkdir(parents=True, exist_ok=True)
    kind = "questionnaire-large-print" if large_print else "questionnaire"
    paths = [_written(out / f"{kind}-{_slug(ward.name)}.pdf", content) for ward, content in forms.items()]
    return [*paths, write_entry_workbook(workbook, settings, area, wards_on(settings, area, day), name, day)]


def parse_event(event: str) -> tuple[str, date]:
    """An event's name and date. Raises :class:`InputError` where it does not end with a date, or has no name."""
    found = re.fullmatch(r"\s*(?P<name>.*\S)\s+(?P<day>\d{4}-\d{2}-\d{2})\s*", event, flags=re.DOTALL)
    example = "write it as 'Community Impact Day 2022-03-12'"
    if not found or len(found["name"]) > MOST_EVENT_LETTERS:
        raise InputError(f"not an event with its date: {event[:60]!r}", where="--event", fix=example)
    try:
        return one_line(found["name"]), date.fromisoformat(found["day"])
    except ValueError:
        raise InputError(f"no such day: {found['day']!r}", where="--event", fix=example) from None


def chosen_wards(settings: Settings, area: Area, names: Sequence[str], day: date) -> list[Ward]:
    """The area's wards of a day with those names or codes, all of them where none is named."""
    here = wards_on(settings, area, day)
    known = {spelling.casefold(): ward for ward in here for spelling in (*ward.names, ward.code)}
    if unknown := [name for name in names if name.strip().casefold() not in known]:
        fix = nearest(unknown[0], [ward.name for ward in here])
        raise InputError(f"{area.name} had no ward {unknown[0]!r} on {day}", where="--ward", fix=fix)
    if not here:
        raise InputError(f"no ward of {area.name} is declared", where="parameters/wards.csv", fix="name a borough")
    return list(dict.fromkeys(known[name.strip().casefold()] for name in names)) or here


def form_pdf(settings: Settings, area: Area, ward: Ward, event: str, day: date, *, large_print: bool = False) -> bytes:
    """One ward's form. Large print takes the sheets that it needs; otherwise the text is as large as one sheet allows.
    Raises :class:`InputError` where the questions do not fit one sheet."""
    content = json.dumps(form_content(settings, area, ward, event, day, large_print=large_print))
    if large_print:
        return compiled(content, LARGE_PRINT)
    for size in PRINT_SIZES:
        if _pages(content, size) <= SIDES:
            return compiled(content, size)
    raise InputError(
        "the questions do not fit one sheet", where="parameters/questionnaire.yml", fix="shorten or drop some"
    )


def form_content(
    settings: Settings, area: Area, ward: Ward, event: str, day: date, *, large_print: bool = False
) -> dict[str, object]:
    """All that is printed on a ward's form, as plain values for the template."""
    form = settings.questionnaire
    about = {"How old are you?": form.age_bands, "How do you describe your sex?": form.sexes}
    return {
        "title": form.title,
        "ward": ward.name,
        "area": area.name,
        "event": event,
        "day": _day(day),
        "introduction": form.introduction,
        "privacy": form.privacy,
        "closing": form.closing,
        "tear_off": form.tear_off,
        "large": large_print,
        "sections": [_section(settings, section, large_print) for section in form.sections],
        "about": {
            "heading": "About you",
            "lead": "",
            "grid": False,
            "questions": [_printed(settings, text, answers) for text, answers in about.items()],
        },
        "contact": _contact(contacts_of(settings).get(ward.code), day),
    }


def _section(settings: Settings, section: FormSection, large_print: bool) -> dict[str, object]:
    """A section; in large print a grid has no room for its columns, so that its rows become questions."""
    questions = settings.questionnaire.questions
    asked = [_printed(settings, questions[name].text, questions[name].answers) for name in section.questions]
    grid = section.grid and not large_print
    return {"heading": section.heading, "lead": section.lead, "grid": grid, "questions": asked}


def _printed(settings: Settings, text: str, answers: Sequence[str]) -> dict[str, object]:
    return {"text": text, "answers": [settings.questionnaire.label(answer) for answer in answers]}


def _contact(contact: Contact | None, day: date) -> dict[str, object]:
    """The box to keep, with what a reader must know of an old or missing contact."""
    if contact is None or not contact.reaches:
        team, page = (contact.team, contact.page) if contact else ("Your ward team", "")
        return {"team": team, "lines": [NO_CONTACT], "page": page, "qr": _qr(page), "note": ""}
    given = {"E-mail": contact.email, "Telephone": contact.phone}
    lines = [f"{name}: {value}" for name, value in given.items() if value]
    note = " ".join(sentence for sentence in _contact_notes(contact, day) if sentence)
    return {"team": contact.team, "lines": lines, "page": contact.page, "qr": _qr(contact.page), "note": note}


def _contact_notes(contact: Contact, day: date) -> Iterator[str]:
    yield f"({contact.note[:1].upper()}{contact.note[1:]}.)" if contact.note else ""
    if fault := contact_warning(contact, day):
        yield f"Warning: {fault}; it may be out of date. You can always call 101 (999 in an emergency)."


def _qr(page: str) -> str:
    """The page's address as the picture of a QR code, nothing where there is none."""
    if not page:
        return ""
    import segno

    drawn = io.BytesIO()
    segno.make(page, error="m", micro=False).save(drawn, kind="svg", border=2, xmldecl=False)
    return drawn.getvalue().decode("utf-8")


def compiled(content: str, size: float) -> bytes:
    """A form's content (:func:`form_content` as JSON) as a PDF/UA-1 document with text of a size in points."""
    import typst

    return typst.compile(
        TEMPLATE.read_bytes(), format="pdf", pdf_standards="ua-1", sys_inputs={"form": content, "size": str(size)}
    )


def _pages(content: str, size: float) -> int:
    import typst

    inputs = {"form": content, "size": str(size)}
    drawn = typst.compile(TEMPLATE.read_bytes(), format="svg", sys_inputs=inputs)
    return len(drawn) if isinstance(drawn, list) else 1


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:60] or "unnamed"


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
