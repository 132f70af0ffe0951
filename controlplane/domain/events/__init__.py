"""What is told of a world: one catalogue, in which every kind of event has its class."""
