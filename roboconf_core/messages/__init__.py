"""What agents and the deployment manager tell each other: message types, codec, topology. Values only."""
