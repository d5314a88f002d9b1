-- Nothing of the tables: receive() is told the digests of bodies, and has a short way
-- for results of registered tasks; what a task cost is read without a query.
drop function if exists genhook.receive(uuid[], timestamptz[], text[], text[],
    text[], text[], text[], text[], text[], bytea[], text[], text[], text[],
    text[], text[], text[], boolean[], timestamptz[], timestamptz[], bytea[],
    integer[], integer[], text[], text[], text[], timestamptz[], text[],
    text[], text[], integer[], bytea[], text[], boolean);
