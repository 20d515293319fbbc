"""The virtual world around both cores: virtual time, hosts, a cloud, a network, and all that goes wrong in them.

``World`` drives one deployment manager's core and many agents' cores the way their runners
do, from one seed, without threads or waiting. ``roboconf plan`` and ``roboconf simulate``
ask it what would happen; the tests of the promises ask it what never may.
"""
