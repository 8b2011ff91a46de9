"""Terms that several parameter files share."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

PROJECT_ROOT = Path(__file__).resolve().parents[2]
Window = Literal["month", "quarter", "ytd", "rolling_12"]
Audience = Literal["board", "partner", "public"]
Denominator = Literal["residents", "households"]
PERIOD_PATTERN = r"^(19|20)\d\d-(0[1-9]|1[0-2])$"
SLUG_PATTERN = r"^[a-z][a-z0-9_]*$"
