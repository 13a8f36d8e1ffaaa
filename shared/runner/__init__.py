"""The loop that every stage runs in: poll, decode, handle, then one transaction."""

from shared.runner.deadletters import DeadLetters
from shared.runner.handling import Each, Handled, Handling, Incoming, Whole
from shared.runner.journal import open_journal
from shared.runner.load import Load
from shared.runner.notices import KafkaNotices
from shared.runner.runner import Runner, Stage

__all__ = [
    "DeadLetters",
    "Each",
    "Handled",
    "Handling",
    "Incoming",
    "KafkaNotices",
    "Load",
    "Runner",
    "Stage",
    "Whole",
    "open_journal",
]
