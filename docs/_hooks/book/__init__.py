"""The machinery of the book: one reader of pages for the tests, the updater and the site."""
