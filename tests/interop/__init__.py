"""Against programs that other people wrote."""
