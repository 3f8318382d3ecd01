"""Looking inside a finished model, or a snapshot of a run. Called by the lab pages and `python -m trainer probe`.

One file a question; each function answers with a small frozen dataclass whose `to_dict` gives plain JSON values of
bounded size. Nothing here changes a model, draws from a shared generator or keeps state between calls.
"""
