"""The deployment manager: a pure core that decides and a runner that acts."""
