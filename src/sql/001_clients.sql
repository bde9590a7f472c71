-- Teams, clients, keys, and their changes. Settings (src/clients/settings.ts) are json, not jsonb, so that they keep their
-- order. Names and ids compare byte by byte, so that lists have the same order on every server.

create table teams (
  id         text        collate "C" primary key,
  name       text        collate "C" not null unique,
  settings   json        not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table clients (
  id         text        collate "C" primary key,   -- counters and ledger rows refer to it
  name       text        collate "C" not null,
  team_id    text        collate "C" references teams,
  settings   json        not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz                            -- the ledger needs the row; its name may be used again
);

create unique index clients_by_name on clients (name) where deleted_at is null;
create index clients_by_team on clients (team_id, name) where deleted_at is null;

create table keys (
  id           text        collate "C" primary key, -- the public part
  client_id    text        collate "C" not null references clients,
  sha256       bytea       not null check (octet_length(sha256) = 32),
  created_at   timestamptz not null default now(),
  expires_at   timestamptz,
  revoked_at   timestamptz,
  rotated_from text        collate "C" references keys
);

create index keys_by_client on keys (client_id, created_at desc, id desc);

-- The settings of the gateway: one row.
create table gateway (
  single     boolean     primary key default true check (single),
  settings   json        not null default '{}',
  updated_at timestamptz not null default now()
);

insert into gateway default values;

-- The version of all tables above. The transaction of each change raises it, so changes wait for each other on its row. A
-- reader of a version sees all changes up to it.
create table configuration (
  single  boolean primary key default true check (single),
  version bigint  not null
);

insert into configuration (version) values (1);

-- The changes of each version. A replica loads only these rows again. If old rows are missing, it loads everything.
create table changes (
  version    bigint      primary key,
  kind       text        not null check (kind in ('client', 'key', 'team', 'gateway')),
  id         text        not null,
  changed_at timestamptz not null default now()
);

-- The secrets of this installation. Each is generated once.
create table secrets (
  name       text        primary key,
  value      bytea       not null,
  created_at timestamptz not null default now()
);

insert into secrets (name, value)
values ('key-checksum', sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));
