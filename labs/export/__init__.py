"""A finished run to take along: one script, a notebook, a folder of its model; and whether the script repeats it."""
