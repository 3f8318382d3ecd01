"""The commands of `python -m trainer`, a file each: `add_arguments` fills the parser, `run` carries it out and
returns the exit code. Here alone the trainer prints and reads signals.
"""
