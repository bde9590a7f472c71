-- Latency and errors of calls: counts by time slot, model and upstream. A trigger updates them in the transaction of the
-- rows, so that rows written by an older replica during an upgrade are counted as well.
-- Rows recorded before this file was applied are not counted; responses have the start of the counts as `since`.

create table performance (
  seconds  integer     not null,                     -- the slot's length: 300, 3600 or 86400
  start    timestamptz not null,                     -- the slot's start, by admission
  model    text        collate "C" not null,         -- none: ''
  upstream text        collate "C" not null,         -- none: ''
  calls    bigint      not null,
  errors   bigint      not null,
  latency  integer[]   not null,                     -- calls by bucket, see performance_bucket; an array needs one
  ttft     integer[]   not null,                     -- update a series for a whole batch
  primary key (seconds, start, model, upstream)
) with (fillfactor = 60);                            -- room for updates in place

-- Bucket b, from 0 to 109, holds 1.15^b to 1.15^(b+1) milliseconds; less than 1 ms is in the first, more than 76 minutes
-- in the last.
create function performance_bucket(ms real) returns integer language sql immutable parallel safe as
$$ select least(109, floor(ln(greatest(ms, 1)::float8) / ln(1.15::float8))::integer) $$;

-- The geometric middle of a bucket: at most 7.3 % from any value in it.
create function performance_value(bucket integer) returns float8 language sql immutable parallel safe as
$$ select 1.15::float8 ^ (bucket + 0.5) $$;

-- An array with the count of each bucket.
create function performance_counts(buckets integer[]) returns integer[] language sql immutable parallel safe as $$
  select array(
    select coalesce(found.count, 0)::integer from generate_series(0, 109) every (bucket)
    left join (select bucket, count(*) from unnest(buckets) found (bucket) group by 1) found using (bucket)
    order by every.bucket)
$$;

create function add_performance(a integer[], b integer[]) returns integer[] language sql immutable parallel safe as
$$ select array(select x + y from unnest(a, b) with ordinality both_of (x, y, place) order by place) $$;

create function count_performance() returns trigger language plpgsql as $$
begin
  insert into performance as kept (seconds, start, model, upstream, calls, errors, latency, ttft)
  select seconds, date_bin(make_interval(secs => seconds), at, '1970-01-01Z'), coalesce(model, ''), coalesce(upstream, ''),
         count(*) filter (where seq = 0),
         -- A correction has the real outcome of a call that was counted as lost.
         count(*) filter (where outcome in ('upstream_error', 'gateway_error', 'interrupted', 'lost'))
           - count(*) filter (where seq = 1),
         -- Cached responses and refusals did not reach an upstream; the end of a lost call was not measured.
         performance_counts(array_agg(performance_bucket(latency_ms))
           filter (where latency_ms is not null and outcome not in ('cached', 'coalesced', 'refused', 'lost'))),
         performance_counts(array_agg(performance_bucket(ttft_ms))
           filter (where ttft_ms is not null and outcome not in ('cached', 'coalesced', 'refused', 'lost')))
  from fresh, (values (300), (3600), (86400)) slots (seconds)
  group by 1, 2, 3, 4
  -- Every replica updates in the same order, so that there is no deadlock.
  order by 1, 2, 3, 4
  on conflict (seconds, start, model, upstream) do update
  set calls = kept.calls + excluded.calls, errors = kept.errors + excluded.errors,
      latency = add_performance(kept.latency, excluded.latency), ttft = add_performance(kept.ttft, excluded.ttft);
  return null;
end $$;

create trigger count_performance after insert on calls
referencing new table as fresh for each statement execute function count_performance();
