"""Mistakes that learners make in milestone 3, each with the test that notices it."""
