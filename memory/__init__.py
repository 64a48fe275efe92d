"""memory: see docs/design.md."""
