"""Commands: ``commands/*.commands`` of an application, from text to instructions that are known to fit it."""
