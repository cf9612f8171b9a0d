"""Worker: jobs with the model in a thread of napari's, and the events from there."""
