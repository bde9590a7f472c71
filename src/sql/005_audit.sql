-- The audit log: one row for each change, inserted in its transaction and never updated. It has the settings before and
-- after, without secrets. Changes wait for each other (see configuration in 001), so ids have the order of the changes.
create table audit (
  id         bigint      generated always as identity primary key,
  at         timestamptz not null default clock_timestamp(),
  who        text        collate "C" not null,      -- the token's name
  action     text        collate "C" not null,      -- client.create, key.revoke, …
  target     text        collate "C" not null,      -- client:frontend, key:3mPwpyb6, team:web, gateway, token:ci
  before     json,                                  -- null: created
  after      json,                                  -- null: deleted
  request_id text        not null
);

create index on audit (at);
create index on audit (who, id);
create index on audit (target, id);
create index on audit (action, id);
