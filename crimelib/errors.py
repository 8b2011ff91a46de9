"""The refusals: every one names what, where and what to do, on one line."""

from __future__ import annotations

from functools import partial


class CrimelibError(Exception):
    """A failure of the run itself (exit status 1)."""

    exit_status = 1


class InputError(CrimelibError):
    """Bad usage or bad input (exit status 2).

    ``what`` is wrong, ``where`` it stands (file, line, column, value) and the ``fix``; ``str()`` is one line,
    whatever control characters a hostile value carries.
    """

    exit_status = 2

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        self.what, self.where, self.fix = what, where, fix
        super().__init__(what, where, fix)

    def __reduce__(self) -> tuple:  # as it comes from another process
        return partial(type(self), where=self.where, fix=self.fix), (self.what,)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        remedy = f"; {self.fix}" if self.fix else ""
        return one_line(f"{place}{self.what}{remedy}")


def one_line(text: str) -> str:
    """Text with every control or line-breaking character shown as its escape, so that it prints as one line."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
