"""What a stranger, or an exhausted machine, can do to us: nothing that the others would notice.

The target runs in a process of its own (victim.py), so that its life, memory, descriptors and
wake-ups can be looked at from outside. Friends of ours, connected before and during each attack,
exchange messages with it and must get every one.
"""
