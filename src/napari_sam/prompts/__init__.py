"""Prompts: what the user pointed at."""

from .prompt import BoxPrompt, MaskPrompt, PointPrompt, Prompt, PromptSet

__all__ = ["BoxPrompt", "MaskPrompt", "PointPrompt", "Prompt", "PromptSet"]
