-- The ledger: one row for a charge, and one for a signed correction. Rows are never updated. Money is whole nano-dollars.
-- src/ledger/entry.ts has the same columns.

create table calls (
  id                 text        collate "C" not null,
  seq                smallint    not null,           -- 0 the charge, 1 a signed correction
  day                date        not null,           -- UTC day of admission, which is the charged window
  at                 timestamptz not null,           -- admission
  cost_nanos         bigint      not null,           -- signed
  held_nanos         bigint      not null,           -- amount of its hold
  position           bigint      not null,           -- id of its entry in the stream
  recorded_at        timestamptz not null default now(),
  client_id          text        collate "C",
  client             text        collate "C",        -- name at the time of the call
  team_id            text        collate "C",
  team               text        collate "C",
  key                text,
  route              text,
  model              text        collate "C",
  upstream           text,
  status             integer,
  outcome            text        collate "C" not null,
  stream             boolean,
  cache              text,
  latency_ms         real,
  ttft_ms            real,
  upstream_ms        real,
  input_tokens       bigint      not null default 0,
  cache_read_tokens  bigint      not null default 0,
  cache_write_tokens bigint      not null default 0,
  output_tokens      bigint      not null default 0,
  saved_nanos        bigint      not null default 0,
  estimated          boolean     not null default false,
  price_version      text,
  error              text,
  refusal            text,
  scope              text,
  primary key (id, seq, day)
) partition by range (day);

create index on calls (at desc);
create index on calls (client_id, at desc);
create index on calls (model, at desc);
-- Only rare outcomes need an index, because a scan soon finds rows with a common one.
create index on calls (outcome, at desc) where outcome not in ('ok', 'cached');
-- Rows are stored in the order of recorded_at, so a small block range index is enough.
create index on calls using brin (recorded_at) with (pages_per_range = 32, autosummarize = on);

-- Creates the partition of a month. ATTACH PARTITION blocks no reader, but CREATE TABLE ... PARTITION OF does.
create function ensure_calls_month(month date) returns void language plpgsql as $$
declare
  first date := date_trunc('month', month);
  partition text := 'calls_' || to_char(first, 'YYYY_MM');
begin
  perform pg_advisory_xact_lock(hashtext('tollgate:calls_month'));
  if to_regclass(partition) is not null then
    return;
  end if;
  execute format('create table %I (like calls including all)', partition);
  execute format('alter table calls attach partition %I for values from (%L) to (%L)',
    partition, first, (first + interval '1 month')::date);
end $$;

-- Sums of the rows above, updated in the same transaction. They stay when rows are pruned. The spend of a scope in a day or
-- a month is a sum over them. No client, team or model is ''.
create table usage_daily (
  client_id          text   collate "C" not null,
  day                date   not null,
  team_id            text   collate "C" not null,
  model              text   collate "C" not null,
  client             text   collate "C" not null,    -- last name on that day
  team               text   collate "C" not null,
  calls              bigint not null,
  ok                 bigint not null,                -- calls by outcome, to lost and gateway_error
  cached             bigint not null,
  coalesced          bigint not null,
  refused            bigint not null,
  upstream_error     bigint not null,
  client_gone        bigint not null,
  interrupted        bigint not null,
  lost               bigint not null,
  gateway_error      bigint not null,
  input_tokens       bigint not null,
  cache_read_tokens  bigint not null,
  cache_write_tokens bigint not null,
  output_tokens      bigint not null,
  cost_nanos         bigint not null,
  saved_nanos        bigint not null,
  primary key (client_id, day, team_id, model)
) with (fillfactor = 80);                            -- room for updates in place

create index on usage_daily (day);
create index on usage_daily (team_id, day);
create index on usage_daily (client);

-- Unreadable entries, unchanged. They were charged, so they must not be lost, and must not block other entries.
create table ledger_quarantine (
  stream_id   text        primary key,
  fields      jsonb       not null,
  fault       text        not null,
  recorded_at timestamptz not null default now()
);

-- Counts of refusals. Rows of single refusals would let unauthenticated requests fill the table. Their client is ''.
create table refusals (
  client_id text        collate "C" not null,
  reason    text        collate "C" not null,
  scope     text        collate "C" not null,
  minute    timestamptz not null,
  client    text        collate "C" not null,
  count     bigint      not null,
  samples   jsonb       not null,
  primary key (client_id, reason, scope, minute)
);

create index on refusals (minute);
