"""One model a file, each readable from top to bottom."""
