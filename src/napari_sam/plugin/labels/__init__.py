"""Labels: accepted objects, their journal, ratings, lineage and classes."""
