"""VSS in a guest: writers and the snapshot set that freezes them."""
