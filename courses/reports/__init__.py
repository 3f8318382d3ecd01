"""Reports for managers, read from summary columns only."""
