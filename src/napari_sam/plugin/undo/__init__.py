"""Undo: steps of prompts and labels that can be taken back."""
