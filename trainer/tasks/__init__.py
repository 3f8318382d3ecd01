"""What a model can be asked to learn: one file a task, each turning data into batches, losses, scores and samples."""
