"""A document set by typst in a process of its own: typst keeps what it has worked out for as long as its process lives,
which is a hundred megabytes a pack in a batch, and threads, which processes forked from it would miss."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping

from crimelib.errors import CrimelibError, one_line

_CODE = """
import json, sys, typst
asked = json.load(sys.stdin)
try:
    done = typst.compile(asked["template"].encode(), format="pdf", pdf_standards="ua-1", ignore_system_fonts=True,
                         sys_inputs=asked["inputs"])
except typst.TypstError as error:
    sys.exit(str(error))
sys.stdout.buffer.write(done)
"""
_LONGEST_MESSAGE = 300


def typeset(template: str, inputs: Mapping[str, str], name: str) -> bytes:
    """A PDF/UA-1 document out of a template and the texts that it asks for. Raises :class:`CrimelibError` with the
    document's ``name`` when typst refuses."""
    asked = json.dumps({"template": template, "inputs": dict(inputs)})
    done = subprocess.run([sys.executable, "-I", "-c", _CODE], input=asked.encode(), capture_output=True, check=False)
    if done.returncode:
        said = one_line(done.stderr.decode("utf-8", errors="replace"))[:_LONGEST_MESSAGE]
        raise CrimelibError(f"{name} could not be made: {said}")
    return done.stdout
