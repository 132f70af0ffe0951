"""Explains a job, a recovery point or a vault in plain words, from the journal of events and the documents."""
