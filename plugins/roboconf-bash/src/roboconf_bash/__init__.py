"""Recipes as scripts: the installers ``bash`` and ``script``."""
