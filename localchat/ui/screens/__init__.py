"""One screen per job, each with its style sheet beside it."""
