"""Propagation: objects that are known on some planes, to all planes they are on."""
