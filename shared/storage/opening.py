"""Which of the two ways into the store a service takes."""

import os

from shared.misconfigured import Misconfigured
from shared.settings import StoreSettings
from shared.storage.s3 import connect
from shared.storage.store import Store
from shared.storage.tree import TreeStore


def open_bucket(settings: StoreSettings, bucket: str) -> Store:
    """The bucket `bucket`, by its files or as the user that the settings name. Raises Misconfigured.

    Who is told both takes the files of those buckets that are in the tree's folder: it may have been shown only some.
    """
    endpoint, user, secret = settings.s3_endpoint, settings.s3_access_key, settings.s3_secret_key
    tree = settings.store_tree
    # Also where a link leads nowhere: a disk that is not mounted must not send its objects through the server.
    if tree is not None and (endpoint is None or os.path.lexists(tree / bucket)):
        return TreeStore(tree, bucket)
    if not (endpoint and user and secret):
        raise Misconfigured("set ISOCENTRE_STORE_TREE, or ISOCENTRE_S3_ENDPOINT, _S3_ACCESS_KEY and _S3_SECRET_KEY")
    return connect(endpoint, user, secret.get_secret_value(), bucket)
