-- Sums by hour, beside those by day and kept in the same transaction: what today looks like. They go after three months.
create table usage_hourly (like usage_daily including storage);

alter table usage_hourly rename column day to hour;
alter table usage_hourly alter column hour type timestamptz using hour;
alter table usage_hourly add primary key (client_id, hour, team_id, model);
alter table usage_hourly set (fillfactor = 80);
create index on usage_hourly (hour);

-- One refused call among the samples, by its request id.
create index on refusals using gin (samples jsonb_path_ops);
