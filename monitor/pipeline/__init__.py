"""The steps: poll, compose, deliver, and what is asked of them from outside. One file a step.

Each step is restartable, runs by hand as well as by timer, and ends in one transaction; none of them spans a
network call. The steps know no concrete registry, channel or clock: bootstrap hands them in as `Works`.
"""
