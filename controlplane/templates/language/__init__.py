"""The template language: its values, grammar, limits and errors."""
