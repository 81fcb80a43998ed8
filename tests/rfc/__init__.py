"""One test for each MUST of the specifications, with the section it comes from."""
