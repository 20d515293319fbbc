"""A virtual world around the agents' and the deployment manager's cores: no clock, no network."""
