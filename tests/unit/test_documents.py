"""Every `crimelib ...` and `make ...` that a document shows exists, options included."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
INLINE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
TARGET = re.compile(r"^([a-z][a-z-]*):(?!=)", re.MULTILINE)


def code_fragments(text: str) -> Iterator[str]:
    """The lines of fenced blocks (continued ones joined) and every inline code span."""
    blocks = text.split("```")
    for block in blocks[1::2]:
        yield from block.replace("\\\n", " ").splitlines()
    for prose in blocks[::2]:
        yield from (span.replace("\n", " ") for span in INLINE.findall(prose))


def shown_commands(text: str) -> list[list[str]]:
    """The crimelib and make commands in a document, as words, without prompt, path and brackets."""
    steps = (step for line in code_fragments(text) for step in re.split(r"&&|\||;", line))
    cleaned = (re.sub(r"^\s*\$?\s*(?:\S*/bin/)?|[\[\]]", "", step) for step in steps)
    return [shlex.split(step, comments=True) for step in cleaned if re.match(r"(crimelib|make) ", step)]


def make_targets() -> set[str]:
    return set(TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))


def command_tree() -> Any:
    from crimelib.cli import app

    return typer.main.get_command(app)


def faults(words: list[str]) -> list[str]:
    """What of a shown command does not exist."""
    return make_faults(words[1:]) if words[0] == "make" else crimelib_faults(words[1:], command_tree())


def make_faults(words: list[str]) -> list[str]:
    return [word for word in words if "=" not in word and not word.startswith("-") and word not in make_targets()]


def crimelib_faults(words: list[str], command: Any) -> list[str]:
    """Subcommands are followed down; after the last one only options are checked: the rest are arguments."""
    if words and hasattr(command, "commands") and not words[0].startswith("-"):
        found = command.commands.get(words[0])
        return crimelib_faults(words[1:], found) if found else [words[0]]
    known = {"--help"} | {name for each in command.params for name in [*each.opts, *each.secondary_opts]}
    return [word for word in words if word.startswith("--") and word.partition("=")[0] not in known]


def all_shown() -> list[Any]:
    documents = [(path, path.read_text(encoding="utf-8")) for path in DOCUMENTS if path.exists()]
    unique = {(path.name, shlex.join(words)): words for path, text in documents for words in shown_commands(text)}
    return [pytest.param(words, id=f"{name}: {command}") for (name, command), words in unique.items()]


@pytest.mark.parametrize("words", all_shown())
def test_shown_command_exists(words: list[str]) -> None:
    assert faults(words) == []


def test_commands_are_found_wherever_they_stand() -> None:
    text = """
Then `make test`, or:
```bash
$ make setup && .venv/bin/crimelib run \\
  --area Bromley  # takes a minute
```
"""
    assert shown_commands(text) == [
        ["make", "setup"],
        ["crimelib", "run", "--area", "Bromley"],
        ["make", "test"],
    ]


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        ("make pack AREA=Croydon", []),
        ("make pancake", ["pancake"]),
        ("crimelib conjure --area Bromley", ["conjure"]),
        ("crimelib run --area Bromley --colour=red", ["--colour=red"]),
        ("crimelib run --area Bromley --period 2021-11", []),
    ],
)
def test_what_does_not_exist_is_named(command: str, wrong: list[str]) -> None:
    assert faults(command.split()) == wrong
