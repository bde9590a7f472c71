-- Admin tokens. ADMIN_TOKEN comes from the environment and has no row. A row has only the SHA-256 of its token.
create table admin_tokens (
  name       text        collate "C" primary key,
  role       text        not null check (role in ('admin', 'viewer')),
  sha256     bytea       not null unique check (octet_length(sha256) = 32),
  created_at timestamptz not null default now(),
  created_by text        not null,                  -- the name of the token that created it
  expires_at timestamptz
);

-- Changes of tokens. A replica of an older version does not know this kind, and loads everything again.
alter table changes drop constraint changes_kind_check;
