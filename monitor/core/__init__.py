"""The functional core: values and the time in, values out. No clock, chance, log, disk or network."""
