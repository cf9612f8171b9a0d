"""Undo: a history of steps, with the changes of prompts."""
