"""Learning: from accepted objects to a model that segments the rest of their kind better."""
