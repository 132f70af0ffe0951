"""The control API `/_sim`: what only a simulator can offer."""
