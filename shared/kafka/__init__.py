"""The one home of confluent_kafka: topics, the receiver's publisher, the stages' log, and plain reading."""

from shared.kafka.admin import is_durable, missing_topics, topic_names
from shared.kafka.ends import without_records, written_up_to
from shared.kafka.following import Following, Position, position_after
from shared.kafka.log import (
    Claims,
    CommitAborted,
    GroupProtocol,
    Log,
    LogLost,
    LostOffsets,
    OffsetLost,
    Output,
    Record,
    TooLarge,
)
from shared.kafka.publisher import Publisher
from shared.kafka.reader import end_offsets, read_to_end, record_at, tail
from shared.kafka.stage_log import KafkaLog

__all__ = [
    "Claims",
    "CommitAborted",
    "Following",
    "GroupProtocol",
    "KafkaLog",
    "Log",
    "LogLost",
    "LostOffsets",
    "OffsetLost",
    "Output",
    "Position",
    "Publisher",
    "Record",
    "TooLarge",
    "end_offsets",
    "is_durable",
    "missing_topics",
    "position_after",
    "read_to_end",
    "record_at",
    "tail",
    "topic_names",
    "without_records",
    "written_up_to",
]
