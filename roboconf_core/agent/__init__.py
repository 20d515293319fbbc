"""The agent of one machine: a pure core that decides and a runner that acts."""
