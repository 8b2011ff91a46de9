"""``python -m crimelib``."""

from crimelib.cli import main

main()
