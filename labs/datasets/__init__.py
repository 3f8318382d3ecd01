"""Tables of learners: texts with labels, pairs of source and target. Looked at first, kept when columns are chosen."""
