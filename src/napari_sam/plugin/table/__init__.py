"""Table: the measured objects as rows and as a plot, selected there and on the image alike."""
