"""What labs tell the rest of the product. `courses` turns them into progress."""

from django.dispatch import Signal

lab_reached = Signal()
"""A learner reached a lab's goal. Arguments: user_id, lab (slug), value (dict: what was reached), run_id."""
