"""What is wrong with a template, or with the values for its parameters."""

from __future__ import annotations


class TemplateError(Exception):
    """The template cannot be deployed; the text says why, in one sentence without a full stop."""


class NotSimulated(Exception):
    """Something that the template language has and this package does not; the text names it."""
