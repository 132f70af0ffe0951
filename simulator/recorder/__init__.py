"""What a job's events tell: collected as one story, drawn as lanes, and written as one file that needs no network."""
