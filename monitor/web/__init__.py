"""`trialwire serve`: web pages, a JSON API, feeds, over a database that is only read.

The one door to Starlette and uvicorn. Pages are made here and by templates, need no script, and fetch
nothing from elsewhere; all that a registry wrote is escaped by the template engine. Nothing is changed by a
GET; the one POST lets a reader leave a channel (RFC 8058), in a short transaction of its own.

    server               sockets, signals, limits
    routes, guard        which address is what; who may ask, headers, the log of answers
    asking, answering    what was asked, bounded; answers with validators, refusals with a remedy
    overview, digest, trial, comparing, stories, charts, days    what pages show, as values
    api, feeds, health   for programs
    leaving              a reader leaves
"""
