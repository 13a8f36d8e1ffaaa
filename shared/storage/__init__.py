"""Object storage: the `Store` protocol and its S3 adapter (the one home of minio)."""

from shared.storage.s3 import connect, open_bucket
from shared.storage.store import AccessDenied, Content, ObjectNotFound, Store, probe
from shared.storage.tree import open_tree

__all__ = ["AccessDenied", "Content", "ObjectNotFound", "Store", "connect", "open_bucket", "open_tree", "probe"]
