"""Where blobs live: Azurite as a child process, or an endpoint of somebody else's."""
