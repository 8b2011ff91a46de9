"""A variable of this process's environment, for what is read from nowhere else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def in_environment(name: str, value: str) -> Iterator[None]:
    """Within the block the variable has this value; after it, what it had before."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before
