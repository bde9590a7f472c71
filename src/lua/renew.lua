-- Keeps running calls alive: their leases begin again.
-- KEYS[1] '{tollgate}:'      ARGV[1..] call ids
-- Returns the indexes (from 0) of those that hold nothing here: remember.lua tells what has become of them.
local lease = int(clock() + LEASE)
local unknown = {}
for i, id in ipairs(ARGV) do
  -- Removed first: where memory is full, Redis refuses a script that begins with anything that could need more.
  if redis.call('ZREM', LEASES, id) == 1 then
    redis.call('ZADD', LEASES, lease, id)
  else
    unknown[#unknown + 1] = i - 1
  end
end
return unknown
