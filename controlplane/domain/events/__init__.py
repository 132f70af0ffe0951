"""The catalogue of events: a class for every kind."""
