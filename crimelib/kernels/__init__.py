"""Kernels forked from a warm template process, for Jupyter's own clients. Knows nothing of crime."""
