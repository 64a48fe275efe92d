"""capture: see docs/design.md."""
