"""Trains what is ours of the nano model; docs/training.md has the recipe."""
