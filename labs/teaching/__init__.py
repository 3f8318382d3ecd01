"""What those who teach see of a lab: who tried, how far they came, where they stall, how runs failed."""
