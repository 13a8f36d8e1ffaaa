"""Which of the two ways into the store a service takes."""

from shared.misconfigured import Misconfigured
from shared.settings import StoreSettings
from shared.storage.s3 import connect
from shared.storage.store import Store
from shared.storage.tree import TreeStore


def open_bucket(settings: StoreSettings, bucket: str) -> Store:
    """The bucket `bucket`, by its files or as the user that the settings name. Raises Misconfigured."""
    if settings.store_tree is not None:
        return TreeStore(settings.store_tree, bucket)
    endpoint, user, secret = settings.s3_endpoint, settings.s3_access_key, settings.s3_secret_key
    if not (endpoint and user and secret):
        raise Misconfigured("set ISOCENTRE_STORE_TREE, or ISOCENTRE_S3_ENDPOINT, _S3_ACCESS_KEY and _S3_SECRET_KEY")
    return connect(endpoint, user, secret.get_secret_value(), bucket)
