-- Alerts: an outbox. Whoever writes the row first has raised the alert, for all replicas; whoever claims it delivers it.

create table alerts (
  id              bigint      generated always as identity primary key,
  dedupe          text        not null unique,        -- rule, scope and window: raised once for each
  kind            text        not null,
  severity        text        not null check (severity in ('info', 'warning', 'critical')),
  scope           text        not null,
  title           text        not null,
  details         jsonb       not null,
  raised_at       timestamptz not null,
  attempts        integer     not null default 0,
  next_attempt_at timestamptz,                        -- while a replica delivers, the end of its lease; null: never
  delivered_at    timestamptz,
  last_error      text
);

create index on alerts (next_attempt_at) where next_attempt_at is not null;
create index on alerts (raised_at);                   -- for pruning
