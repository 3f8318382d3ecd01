"""Runs side by side: the run table, views shared with a team, a lab's board."""
