"""What a process does before it loads Jupyter's packages, so that they load in a tenth of the time."""

from __future__ import annotations

import sys

# jsonschema, on which nbformat and altair stand, builds a grammar of international web addresses when it is loaded:
# three seconds of processor in every process, for a check that no notebook and no chart asks for. It does without
# where the grammar's package is absent, so the package is marked absent, here and in the kernels' start-up file.
KERNEL_START_UP = "import sys\nsys.modules.setdefault('rfc3987_syntax', None)\ndel sys\n"


def skip_address_grammar() -> None:
    """To be called before anything that loads jsonschema; without effect where the grammar is loaded already."""
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
