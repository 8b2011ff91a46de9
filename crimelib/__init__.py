"""The workbench behind a community safety partnership's crime performance dashboard."""
