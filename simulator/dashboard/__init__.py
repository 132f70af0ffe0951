"""The page of a world: what runs and what happened, to look at and to act on, by the same requests as anyone's."""
