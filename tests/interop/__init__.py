"""Ours against theirs: every pattern with a process that runs pyzmq."""
