"""The command line: words to requests, answers to words."""
