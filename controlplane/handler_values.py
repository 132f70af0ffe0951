"""Handlers of extensions as a host offers them, and the choice of a version."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PublishedHandler:
    """What extensions of this publisher and type are made of: the published versions, oldest first."""

    publisher: str
    type: str
    versions: tuple[str, ...]
    os_type: str = ""
    """Windows or Linux; empty: its packages do not say."""
    inert: bool = False
    """It is installed without running anything, since this world has no package of it."""

    def choose(self, version: str, auto_upgrade_minor_version: bool) -> str | None:
        """The newest version that fits: with automatic upgrade any minor version from the one asked for on, never
        another major one; without it every number that was given must be the same. Of an inert one only the newest
        few are known, so that any minor version will do."""
        requested = version_numbers(version)

        def fits(published: str) -> bool:
            numbers = version_numbers(published)
            if self.inert:
                return numbers[0] == requested[0]
            if auto_upgrade_minor_version:
                return numbers[0] == requested[0] and numbers >= requested
            return numbers[: len(requested)] == requested

        return max(filter(fits, self.versions), key=version_numbers, default=None) if requested else None


def version_numbers(version: str) -> tuple[int, ...]:
    """Empty for what is no version."""
    parts = version.split(".")
    return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else ()
