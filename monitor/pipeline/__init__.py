"""The steps of a run, one file a step, each restartable and each ending in one transaction."""
