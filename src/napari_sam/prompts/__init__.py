"""Prompts: clicks, boxes and rough masks of objects, as a user gives them."""

from .prompt import BoxPrompt, MaskPrompt, PointPrompt, Prompt, PromptSet

__all__ = ["BoxPrompt", "MaskPrompt", "PointPrompt", "Prompt", "PromptSet"]
