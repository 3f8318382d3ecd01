"""What a learner has reached in a chapter, by the rule and version that applied when they began."""
