"""How good a model is, each figure with its 95 % interval: pure functions of plain lists and arrays.

Called by whoever evaluates: the loop takes `loss`, the command line and a run's last evaluation the rest. Nothing is
imported here, because `classes` loads scikit-learn (a second) and `translation` loads sacrebleu.
"""
