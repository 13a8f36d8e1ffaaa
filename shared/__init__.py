"""What every service of Isocentre shares: events, outcomes, the stage runner and one home per vendor."""
