"""Jobs that begin, change and end protection."""
