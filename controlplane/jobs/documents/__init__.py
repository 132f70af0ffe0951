"""The documents that jobs of several kinds read and write: points, items, machines, disks, networks."""
