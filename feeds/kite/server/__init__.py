"""Serve a recording over Kite's WebSocket protocol, with faults on request."""
