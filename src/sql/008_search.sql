-- Calls by key, and failed calls by status. Only new partitions get these indexes, because a build on all rows would block
-- the ledger at start. Queries read older months by client or by time.
create index calls_by_key on only calls (key, at desc);
create index calls_failed on only calls (at desc, status) where status >= 400;

-- The list of alerts filters by each of these columns, in descending order of time.
create index on alerts (kind, id);
create index on alerts (scope, id);
create index on alerts (severity, id);
