"""Training of the built-in model: ``python -m training --data FOLDER --out RUN``."""
