"""The contracts between the core and its plugins, and how plugins are found."""
