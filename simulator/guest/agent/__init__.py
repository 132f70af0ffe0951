"""The guest agent: goal states in, handlers run, reports out."""
