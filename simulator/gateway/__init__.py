"""The storage gateway: a process between somebody and the storage, where a failure of that way is wanted."""
