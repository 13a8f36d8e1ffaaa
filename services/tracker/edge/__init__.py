"""The only home of faust and aiokafka."""

from services.tracker.edge.app import Connection
from services.tracker.edge.edge import AWAY, Edge

__all__ = ["AWAY", "Connection", "Edge"]
