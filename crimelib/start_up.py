"""What a process does before it loads the heavy packages, so that these load and work in a tenth of the time."""

from __future__ import annotations

import os
import sys

# Our matrices are small: threads of the linear algebra cost more than they bring, and sixty times as much where another
# process has a core. Read once, when numpy is loaded.
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")

# jsonschema, on which nbformat and altair stand, builds a grammar of international web addresses when it is loaded:
# three seconds of processor in every process, for a check that no notebook and no chart asks for. It does without
# where the grammar's package is absent, so the package is marked absent, here and in the kernels' start-up file.
KERNEL_START_UP = "import sys\nsys.modules.setdefault('rfc3987_syntax', None)\ndel sys\n"


def skip_address_grammar() -> None:
    """To be called before anything that loads jsonschema; without effect where the grammar is loaded already."""
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def keep_to_one_thread() -> None:
    """To be called before anything that loads numpy; what the environment says already stands."""
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
