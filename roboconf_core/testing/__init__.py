"""What is shipped to plugin authors: contract suites, scripted fakes, fixtures."""
