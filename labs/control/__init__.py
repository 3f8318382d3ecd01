"""What administrators see and do about the queue: its page, pausing and draining."""
