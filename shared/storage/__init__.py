"""Object storage: the `Store` protocol; an S3 server (the one home of minio), and the tree that one serves."""

from shared.storage.opening import open_bucket
from shared.storage.s3 import connect
from shared.storage.store import ORPHANED, AccessDenied, Content, Listed, ObjectNotFound, Store, probe
from shared.storage.tree import TreeStore

__all__ = [
    "ORPHANED",
    "AccessDenied",
    "Content",
    "Listed",
    "ObjectNotFound",
    "Store",
    "TreeStore",
    "connect",
    "open_bucket",
    "probe",
]
