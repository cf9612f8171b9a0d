"""Encoding ahead: jobs for tiles before a click, and the layer with the ready tiles' outline."""
