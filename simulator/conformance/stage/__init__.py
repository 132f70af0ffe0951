"""What stands around a handler in a scene: the machine that starts it, its guest, its host and the storage."""
