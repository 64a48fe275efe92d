"""The server: many viewers over websockets and a page, one engine; see docs/protocol.md."""
