"""Object storage: the `Store` protocol, and two ways into one store: S3, and the files that its server serves."""

from shared.storage.opening import open_bucket
from shared.storage.s3 import connect
from shared.storage.store import ORPHANED, AccessDenied, Content, Filed, Listed, ObjectNotFound, Store, probe
from shared.storage.tree import TreeStore

__all__ = [
    "ORPHANED",
    "AccessDenied",
    "Content",
    "Filed",
    "Listed",
    "ObjectNotFound",
    "Store",
    "TreeStore",
    "connect",
    "open_bucket",
    "probe",
]
