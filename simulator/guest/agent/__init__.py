"""The guest agent: reads goal states, runs handlers, uploads reports."""
