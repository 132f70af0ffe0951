"""Told stories: short YAML files with sentences in two languages, acted in a world by the verbs of a Scenario."""
