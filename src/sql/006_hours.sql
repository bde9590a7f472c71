-- Sums by hour, updated in the same transaction as those by day. They are deleted after three months.
create table usage_hourly (like usage_daily including storage);

alter table usage_hourly rename column day to hour;
alter table usage_hourly alter column hour type timestamptz using hour;
alter table usage_hourly add primary key (client_id, hour, team_id, model);
alter table usage_hourly set (fillfactor = 80);
create index on usage_hourly (hour);

-- Finds the sample of a refused call by its request id.
create index on refusals using gin (samples jsonb_path_ops);
