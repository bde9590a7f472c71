-- Who changed what: one row a change, written in its transaction, never updated. Settings lie here as they were before and
-- after, secrets never. Changes wait for each other (see configuration in 001), so ids are in the order of the changes.
create table audit (
  id         bigint      generated always as identity primary key,
  at         timestamptz not null default clock_timestamp(),
  who        text        collate "C" not null,      -- the token's name
  action     text        collate "C" not null,      -- client.create, key.revoke, …
  target     text        collate "C" not null,      -- client:frontend, key:3mPwpyb6, team:web, gateway, token:ci
  before     json,                                  -- null: it was not there
  after      json,                                  -- null: it is gone
  request_id text        not null
);

create index on audit (at);
create index on audit (who, id);
create index on audit (target, id);
create index on audit (action, id);
