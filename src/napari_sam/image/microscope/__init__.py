"""Microscope: files as microscopes write them, read with libraries of the extra ``formats``."""
