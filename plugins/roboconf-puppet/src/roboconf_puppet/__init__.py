"""Recipes as Puppet modules: the installer ``puppet``."""
