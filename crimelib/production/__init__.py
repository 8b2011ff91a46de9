"""Executing notebooks and publishing packs."""
