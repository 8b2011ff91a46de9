"""Publishers' files in, tidy tables out: one module a source."""
