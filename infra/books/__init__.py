"""`isocentre reconcile`: where the witnesses of a node are, and how a report is told."""
