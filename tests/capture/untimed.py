"""How property tests run here: on shared machines a deadline fails by chance."""

from hypothesis import settings

UNTIMED = settings(deadline=None, max_examples=60)
