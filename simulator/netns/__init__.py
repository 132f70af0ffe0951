"""A Linux network namespace in which a machine's own programs run: a real guest agent, and the handlers it starts."""
