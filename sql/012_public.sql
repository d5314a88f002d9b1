-- PostgreSQL lets everybody execute a new function, and a schema's default
-- privileges cannot take that back: each migration that makes one has to.
revoke execute on all functions in schema genhook from public;
