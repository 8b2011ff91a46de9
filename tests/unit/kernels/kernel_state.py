"""Run as a notebook's cell: prints the state of its kernel as one line of JSON, then what is drawn at random.

The template's libraries are imported first, as a notebook would: compared is where that leads, not in which order.
"""

import builtins
import decimal
import gc
import json
import locale
import logging
import os
import random
import resource
import signal
import sys
import threading
import time
import uuid
import warnings
from importlib import import_module
from pathlib import Path

import ipywidgets
import numpy as np
import pandas as pd
from IPython import get_ipython
from pandas._config import config

for name in os.environ["TEST_MODULES"].split():
    import_module(name)
shell = get_ipython()
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
descriptors = [os.readlink(path) for path in Path("/proc/self/fd").iterdir() if path.exists() or path.is_symlink()]
own_streams = (sys.__stdin__, sys.__stdout__, sys.__stderr__)
state = {
    "environment": {**os.environ, "JPY_PARENT_PID": os.environ["JPY_PARENT_PID"] == str(os.getppid())},
    "folder": os.getcwd(),
    "path": sys.path,
    "commands": [[each for each in argv if not each.endswith(".json")] for argv in (sys.argv, sys.orig_argv)],
    "python": [str(sys.flags), sys.executable, sys.prefix, sys.getrecursionlimit(), hash("crimelib")],
    "leads": os.getpid() == os.getsid(0) == os.getpgid(0),
    "handlers": {str(each): repr(signal.getsignal(each)).split(" at ")[0] for each in signal.valid_signals()},
    "masks": [status[each].strip() for each in ("SigBlk", "SigIgn", "SigCgt", "Umask")],
    "limits": [resource.getrlimit(each) for each in range(9)],
    "descriptors": sorted(each.split(":")[0] for each in descriptors if not each.startswith("/proc")),
    "streams": [str(type(each)) for each in (sys.stdin, sys.stdout, sys.stderr)],
    "own streams": [[each.encoding, each.errors, each.line_buffering, each.isatty()] for each in own_streams],
    "input": sys.__stdin__.read(),
    "threads": sorted(each.name.rstrip("0123456789") for each in threading.enumerate()),
    "targets": sorted(shell.kernel.comm_manager.targets),
    "hooks": [str(type(sys.displayhook)), repr(sys.excepthook).split(" at ")[0]],
    "main": sys.modules["__main__"] is shell.user_module,
    "formatters": {
        name: sorted(map(str, [*each.type_printers, *each.deferred_printers]))
        for name, each in shell.display_formatter.formatters.items()
    },
    "events": {
        name: sorted(getattr(each, "__qualname__", str(each)) for each in found)
        for name, found in shell.events.callbacks.items()
    },
    "extensions": sorted(shell.extension_manager.loaded),
    "builtins": sorted(vars(builtins)),
    "history": shell.history_manager.hist_file,
    "warnings": sorted({str(each) for each in warnings.filters}),
    "settings": [locale.setlocale(locale.LC_ALL), str(decimal.getcontext()), time.tzname],
    "collector": [gc.isenabled(), gc.get_threshold()],
    "numpy": [str(np.get_printoptions()), str(np.geterr())],
    "pandas": {name: str(pd.get_option(name)) for name in config._registered_options if name not in
               config._deprecated_options},
    "frame": pd.DataFrame({f"column {number}": [number] for number in range(40)})._repr_html_(),
    "loggers": [logging.root.level, [str(type(each)) for each in logging.root.handlers], logging.root.manager.disable],
    "packages": sorted({name.partition(".")[0] for name in sys.modules}),
    "widgets": ipywidgets.__version__,
}  # fmt: skip
draws = [random.random(), float(np.random.random()), os.urandom(4).hex(), str(uuid.uuid4())]
print(json.dumps([state, draws, os.getppid()]))
