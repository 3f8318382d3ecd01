"""Runs that come from runs: replays, continuations, forks, new seeds; and the band behind a curve."""
