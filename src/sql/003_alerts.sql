-- The outbox of alerts. The first insert of a row raises the alert for all replicas. The replica that claims it delivers it.

create table alerts (
  id              bigint      generated always as identity primary key,
  dedupe          text        not null unique,        -- rule, scope and window: one alert for each
  kind            text        not null,
  severity        text        not null check (severity in ('info', 'warning', 'critical')),
  scope           text        not null,
  title           text        not null,
  details         jsonb       not null,
  raised_at       timestamptz not null,
  attempts        integer     not null default 0,
  next_attempt_at timestamptz,                        -- end of the lease while a replica delivers; null: no attempt
  delivered_at    timestamptz,
  last_error      text
);

create index on alerts (next_attempt_at) where next_attempt_at is not null;
create index on alerts (raised_at);                   -- for pruning
