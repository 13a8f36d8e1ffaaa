"""Fixtures that several files here share."""

from tests.support.gateway import gateway, gateway_address, gateway_parts, gateway_url

__all__ = ["gateway", "gateway_address", "gateway_parts", "gateway_url"]
