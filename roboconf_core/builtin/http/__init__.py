"""The transport ``http``: the deployment manager is the hub, agents connect out to its websocket."""
