"""The deployment manager's HTTP interface: REST and the agents' websocket."""
