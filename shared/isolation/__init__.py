"""Work in processes of their own, with limits: what kills or hangs one of them never harms the service.

Started by exec, never forked (a Kafka client does not survive that), without our environment, so without credentials;
what libraries print there is thrown away, because it may quote what they read. They end with this process, also after
kill -9. Their answers are checked, not unpickled: a worker that was taken over can spoil its answer and no more.
"""

from shared.isolation.failures import Lost, WorkerDied, WorkerFailed, WorkerTimeout
from shared.isolation.pool import Pool
from shared.isolation.worker import Limits

__all__ = ["Limits", "Lost", "Pool", "WorkerDied", "WorkerFailed", "WorkerTimeout"]
