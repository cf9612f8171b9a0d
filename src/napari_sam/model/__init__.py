"""Segment Anything as ``nn.Module`` parts, switched by :class:`ModelConfig`."""
