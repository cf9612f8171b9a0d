"""Objects: the objects under way and their prompts, masks and acceptance."""
