"""Says that it is there."""
