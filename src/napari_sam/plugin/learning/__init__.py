"""Learning: the model learns from accepted objects while the user annotates."""
