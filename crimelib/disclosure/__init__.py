"""Withholding what could point at a person."""
