"""Widgets: Qt parts that several sections of the dock use."""
