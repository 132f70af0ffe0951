"""The commands that tell stories, and the pace at which they are told."""
