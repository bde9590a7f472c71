-- Calls by key, and failed ones by status. Only partitions that are made from now on get these indexes: building them on
-- all rows would block the ledger at start. Older months are read through their client, or by time.
create index calls_by_key on only calls (key, at desc);
create index calls_failed on only calls (at desc, status) where status >= 400;

-- Alerts are filtered by each of these, the newest first.
create index on alerts (kind, id);
create index on alerts (scope, id);
create index on alerts (severity, id);
