"""The state folder: what a world keeps between runs, its logs, and endpoints.json."""
