"""Worker: the thread that holds the model, its jobs and their events."""
