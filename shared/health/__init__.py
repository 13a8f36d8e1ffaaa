"""Liveness, readiness and metrics over HTTP (/livez, /readyz, /metrics)."""

from shared.health.server import Health, serve

__all__ = ["Health", "serve"]
