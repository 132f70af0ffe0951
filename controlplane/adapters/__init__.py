"""The ports on real technology, one file a technology."""
