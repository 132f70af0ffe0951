"""The functions of the template language, a table: each group of the public reference is one file."""
