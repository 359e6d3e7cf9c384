"""The steps: poll, compose, deliver, import, and what is asked of them from outside. One file a step.

Beside them stands how two of them decide what is written: `reading` for what a poll fetched, `documents` and
`timeline` for what an import was given.

Each step is restartable, runs by hand as well as by timer, and ends in one transaction; none of them spans a
network call. The steps know no concrete registry, channel or clock: bootstrap hands them in as `Works`.
"""
