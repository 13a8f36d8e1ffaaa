"""PostgreSQL, as services use it: rows staged by COPY and merged in one transaction, and the schema's migrations."""
