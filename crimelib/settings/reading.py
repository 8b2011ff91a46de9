"""Parameter files as checked models: an unknown, missing or mistyped key is refused by file and key.

YAML is read with every scalar as the text that stands in the file (so ``2025.10`` stays ``2025.10`` and ``NO`` stays
``NO``), and the models give the types.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from crimelib.errors import InputError, one_line


class Strict(BaseModel):
    """A model that knows its keys and never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)  # built when first used


Model = TypeVar("Model", bound=BaseModel)


class _TextLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Scalars stay text; a key that stands twice is an error. (The C loader is ten times as fast, where it is.)"""

    yaml_implicit_resolvers: ClassVar[dict] = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        for position, key in enumerate(keys):
            if key in keys[:position]:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", node.value[position][0].start_mark
                )
        return super().construct_mapping(node, deep=deep)


def read_yaml(path: Path) -> Any:
    """A YAML file with every scalar as text (an empty one as None)."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError("the file is missing", where=short(path), fix="restore it from the project") from None
    except UnicodeDecodeError:
        raise InputError("the file is not UTF-8", where=short(path), fix="save it again as UTF-8") from None
    try:
        return yaml.load(text, Loader=_TextLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{short(path)}, line {mark.line + 1}" if mark else short(path)
        raise InputError(f"not readable as YAML ({getattr(error, 'problem', error)})", where=place) from None


def load_model(path: Path, model: type[Model]) -> Model:
    """A YAML file as a checked model."""
    return checked(model, read_yaml(path) or {}, path)


def checked(model: type[Model], values: Any, path: Path) -> Model:
    """Values as a model, or a refusal that names file and key."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _refusal(error, path) from None


def load_rows(path: Path, model: type[Model]) -> list[Model]:
    """A CSV file of parameters as checked models, one a row."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, restkey="more fields than the header", strict=True)
            rows = [(reader.line_num, {key: value for key, value in row.items() if value != ""}) for row in reader]
    except FileNotFoundError:
        raise InputError("the file is missing", where=short(path), fix="restore it from the project") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"not readable as CSV in UTF-8 ({error})", where=short(path), fix="save it again") from None
    return [_checked_row(model, row, path, line) for line, row in rows]


def _checked_row(model: type[Model], row: dict, path: Path, line: int) -> Model:
    try:
        return model.model_validate(row)
    except ValidationError as error:
        raise _refusal(error, path, line) from None


def _refusal(error: ValidationError, path: Path, line: int | None = None) -> InputError:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"]) or "(whole file)"
    where = f"{short(path)}{f', line {line}' if line else ''}, key {one_line(key)!r}"
    given = "" if first["type"] in {"missing", "extra_forbidden"} else f" (got {str(first['input'])[:60]!r})"
    messages = {"missing": "the key is missing", "extra_forbidden": "the key is unknown"}
    return InputError(messages.get(first["type"], first["msg"]) + given, where=where, fix="see the file's comments")


def short(path: Path) -> str:
    """A parameter file as messages name it: with its folder, on one line."""
    return one_line("/".join(path.parts[-2:]))
