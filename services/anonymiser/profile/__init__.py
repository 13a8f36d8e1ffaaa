"""What is done to whom: profiles as configuration, and the decisions that they come to."""
