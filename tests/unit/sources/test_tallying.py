"""Plain files counted block by block: the same as row by row, wherever the blocks are cut; anything odd handed back."""

from __future__ import annotations

import csv
import io
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crimelib.sources.tallying import is_plain, tallied

HEADER = "id,place,kind,month"
ROWS = [("a" * 64, "x", "p", "m"), ("b" * 64, "x", "q", "m"), ("a" * 64, "y", "p", "m"), ("", "y", "p", "m")]
PLAIN = "\n".join([HEADER, *(",".join(row) for row in ROWS)]) + "\n"


def tally(text: str | bytes, cut: int = 7):
    content = text if isinstance(text, bytes) else text.encode()
    blocks = (content[start : start + cut] for start in range(0, len(content), cut))
    return tallied(blocks, ("place", "kind"), ("month",), "id")


def counts(found) -> dict[tuple[str, str], int]:
    place, kind = (found.keys[name].texts.take(found.keys[name].codes).to_pylist() for name in ("place", "kind"))
    return dict(zip(zip(place, kind, strict=True), found.count.tolist(), strict=True))


@pytest.mark.parametrize("cut", [1, 5, 64, 10_000])
def test_the_cut_of_the_blocks_changes_nothing(cut):
    found = tally(PLAIN, cut)
    assert counts(found) == {("x", "p"): 1, ("x", "q"): 1, ("y", "p"): 2}
    assert (found.constants, found.repeated) == ({"month": "m"}, 1)


@pytest.mark.parametrize("text", [PLAIN.replace("\n", "\r\n"), "\ufeff" + PLAIN, PLAIN.rstrip("\n")])
def test_line_ends_and_a_byte_order_mark_are_no_matter(text):
    assert counts(tally(text)) == counts(tally(PLAIN))


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEADER,
        HEADER + "\n",
        PLAIN.replace("x", '"x"'),
        PLAIN + "c,z,p\n",
        PLAIN + "c,z,p,m,more\n",
        PLAIN + "c,z,p\n" + "c,z,p,m,more\n",
        PLAIN + "\n",
        PLAIN + "c,z,p,other\n",
        PLAIN + "c,z\0,p,m\n",
        PLAIN.replace("\n", "\r", 2),
        PLAIN.replace("kind", "sort"),
        PLAIN.replace("place", "kind"),
        PLAIN.encode() + b"c,\xff,p,m\n",
        PLAIN.encode("utf-16"),
    ],
)
def test_what_is_not_plain_is_handed_back(text):
    assert tally(text) is None
    assert tally(text, 10_000) is None


def test_identifiers_of_any_length_are_compared_whole():
    ids = ["a", "bb", "a", "ccc", "", "", "bb", "a"]
    text = "\n".join([HEADER, *(f"{each},x,p,m" for each in ids)])
    assert tally(text).repeated == 3
    long = ["0" * 63 + "1", "0" * 63 + "2", "0" * 63 + "1"]
    assert tally("\n".join([HEADER, *(f"{each},x,p,m" for each in long)])).repeated == 1


@pytest.mark.parametrize("places", [2**15, 2**16])
def test_combinations_are_told_apart_however_many_bits_they_take(places):
    expected = {(f"x{n % places}", f"p{n}"): 1 for n in range(2**16)}
    text = "\n".join([HEADER, *(f",{place},{kind},m" for place, kind in expected)])
    assert counts(tally(text, 10**6)) == expected


CELL = st.text(st.characters(codec="utf-8", exclude_characters='",', exclude_categories=("C",)), max_size=9)


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=30), st.integers(1, 40))
def test_as_the_standard_library_reads_it(rows, cut):
    text = "\n".join([HEADER, *(f"{first},{second},{third},m" for first, second, third in rows)]) + "\n"
    read = list(csv.DictReader(io.StringIO(text, newline="")))
    found = tally(text, cut)
    if found is None:
        assert not is_plain(text.encode())
        return
    assert counts(found) == Counter((row["place"], row["kind"]) for row in read)
    ids = [row["id"] for row in read if row["id"]]
    assert found.repeated == len(ids) - len(set(ids))
