"""The functional core: values and the time in, values out. No clock, chance, log, disk or network.

Where to look, in the order in which a record passes through:

A record, read
    record, catalogue: its values, and the names of its fields
    spread, shape, leaves, unread, lazy: registry JSON into values, no more of it than is asked for
    canonical, hypertext, text: texts in one form, and how two of them differ
    partial_date, durations, numerals: dates, lengths of time, numbers
    countries, bodies, facilities: names of one thing in many spellings
    criteria, limits: eligibility as items, and the numbers in them

Two records, compared
    diff, diff_other, change: the differences, and what they are called
    pairing: which item before is which item after

What a change is worth
    scene: what is true of the trial around it
    rule, rules, fits, weight, classify: the table, whether a rule fits, who decides
    stopping, switching: classes of reasons and of outcomes
    measures, slips: what was measured, for programs; how often and how far a date moved

What is said of it
    phrases, sentences: words for values, sentences for changes
    findings, headlines, eligibility_headline: stories over several changes
    rollups, revisions, posted: sites, slips and posted results, summed up
    remarks, contradictions: what no single change says

What was recorded, and who is told
    recorded, life, watching: changes, events of a trial's life, the watch
    versions, moments: which version is meant, and which day, as people name them
    subscription, quiet: who gets what, when, and when nothing
    stories, net, programmes: over one version, over several, over several trials
    earlier: what was told out of turn
    digest, cadence, delivery: what goes out, when, and whether it arrived
    lanes: how much may be under way at once, and to whom
    readouts, pictures: what is expected and due soon; a trial's past as bars
    links: where our own pages are
    brief, dialects: a digest in blocks for chats and feeds, and how each of them writes
    outline, sections, mentions, entries, repeats: a digest to be read
    folding, sheet, apart: made to fit, what did not fit, a part for each trial
    trial_page: a trial's page
    events, parts: one for programs, in parts that fit
    course, steps: a trial over all its versions, as values and as a chart

What a registry is asked
    search, searches: a search as a value, and searches that are kept
    plan, brakes: what is read, and when to stop and ask
    past, backfill: earlier versions
    drift: when the registry describes itself otherwise
"""
