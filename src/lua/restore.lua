-- Writes the sums of the ledger in Postgres: the spend of each window, and the tombstones of ended calls. It sets values
-- and adds nothing, so a page may come twice. It does not change the holds of running calls (remember.lua). While the
-- counters are incomplete, no script admits, settles or sweeps, so the ledger does not change. The last page completes them.
-- KEYS[1] '{tollgate}:'
-- ARGV[1] token of the replica     [2] longest time until the next page (ms)
--     [3] version of the configuration, on the last page; else ''     [4] number of windows
--     three a window: scope key, window ('d20261123'), nanos spent; then two a call: id, tombstone
-- Returns 'restored' (send the next page), 'complete', 'lost' (another replica has the lock), or 'pending': entries still
--   wait for Postgres, so its sums are too low.
local token, patience, version, windows = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local now = clock()

if redis.call('EXISTS', EPOCH) == 1 then
  return 'complete'
end
if redis.call('GET', REBUILD) ~= token then
  return 'lost'
end
if redis.call('XLEN', LEDGER) > 0 then
  return 'pending'
end

local calls = 5 + 3 * windows
for i = 5, calls - 1, 3 do
  local key, field, nanos = SCOPE .. ARGV[i], ARGV[i + 1] .. ':spent', ARGV[i + 2]
  if nanos == '0' then
    redis.call('HDEL', key, field)
  else
    redis.call('HSET', key, field, nanos)
  end
  tidy(key, now)
end
for i = calls, #ARGV, 2 do
  local kept = ARGV[i + 1]:match('^lost') and LOST_KEPT or SETTLED_KEPT
  redis.call('SET', DONE .. ARGV[i], ARGV[i + 1], 'PXAT', int(now + kept))
end

if version == '' then
  redis.call('PEXPIREAT', REBUILD, int(now + patience))
  return 'restored'
end
if tonumber(version) > tonumber(redis.call('GET', VERSION) or 0) then
  redis.call('SET', VERSION, version)
end
redis.call('SET', EPOCH, int(now))
redis.call('DEL', REBUILD)
return 'complete'
