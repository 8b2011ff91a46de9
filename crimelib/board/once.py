"""Answers that several parts of a page ask for, worked out once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

Owner = TypeVar("Owner")
Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def once(work: Callable[Concatenate[Owner, Given], Answer]) -> Callable[Concatenate[Owner, Given], Answer]:
    """A function or method that keeps what it gave, in its first argument (a board or a page, which never change), for
    the same other arguments. What it gives must not be altered by who asked."""

    @wraps(work)
    def answer(owner: Owner, *given: Given.args, **named: Given.kwargs) -> Answer:
        kept = vars(owner).setdefault("_worked_out", {})
        key = (work.__module__, work.__qualname__, given, tuple(sorted(named.items())))
        if key not in kept:
            kept[key] = work(owner, *given, **named)
        return kept[key]

    return answer
