"""apps: see docs/design.md."""
