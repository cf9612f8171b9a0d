"""Measure: tables and outlines of labels, for spreadsheets and other programs."""
