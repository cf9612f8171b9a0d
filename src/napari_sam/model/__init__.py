"""Segment Anything and SAM 2 as ``nn.Module`` parts; `ModelConfig` says which parts a model has."""
