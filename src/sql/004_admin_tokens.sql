-- Who may administer. ADMIN_TOKEN is not here: it comes from the environment. Of a token only its SHA-256 is kept.
create table admin_tokens (
  name       text        collate "C" primary key,
  role       text        not null check (role in ('admin', 'viewer')),
  sha256     bytea       not null unique check (octet_length(sha256) = 32),
  created_at timestamptz not null default now(),
  created_by text        not null,                  -- the token that made it
  expires_at timestamptz
);

-- Tokens change like everything else does. A replica that does not know a kind of change loads all again.
alter table changes drop constraint changes_kind_check;
