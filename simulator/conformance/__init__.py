"""The conformance suite: judges anybody's snapshot handler by what it writes on the wire and on the disk.

A scene runs the handler under one arrangement, between a guest, a host and a storage that speak the published
protocols over real HTTP, and keeps a recording. A requirement is data and a check of such a recording, so it can be
judged again without a run. Nothing here knows how a handler, the service or the simulator works inside.
"""
