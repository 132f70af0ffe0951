"""The host: virtual machines, their disks and the wire server."""
