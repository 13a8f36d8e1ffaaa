"""The residual gate: an independent second look at the finished object, which shares no rule with the engine."""
