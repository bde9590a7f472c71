-- A call may be tried at several upstreams. Each charged attempt is a row: `id`, `id~2`, ...

alter table calls
  add column attempts       smallint,
  add column upstream_model text,
  add column tried          text;
