"""What the documents say of security is so: the tests that they name are there, and every locked package has a line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`(tests/[\w/.]+)`", text("docs/security.md")))))
def test_a_boundary_is_tested_where_the_document_says(path: str) -> None:
    assert "def test_" in text(path) or path == "tests/checks.py"


def test_the_licences_are_those_of_the_lock() -> None:
    locked = re.findall(r"^([\w.-]+)==", text("requirements.lock"), re.MULTILINE)
    listed = re.findall(r"^\| ([\w.-]+) \| (?!licence)", text("docs/licences.md"), re.MULTILINE)
    assert sorted(listed) == sorted(set(locked)), "run scripts/licences.sh"
    assert [canonicalize_name(name) for name in listed] == listed
