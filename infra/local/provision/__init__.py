"""What a running broker, store and database are given: topics, buckets, users, roles. All repeatable."""
