"""How often the properties that the project stands on are tried: 500 times in ``make test``, 20,000 in ``make
check-long``, ten times what the profile says for any other; those that read files or make tables, a fifth as often."""

from hypothesis import settings

OFTEN = settings(max_examples=10 * settings().max_examples)
READING = settings(max_examples=2 * settings().max_examples)
