"""The backup of a machine: its plan, and the snapshot task that it gives to the extension."""
