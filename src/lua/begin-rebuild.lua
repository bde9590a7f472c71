-- Takes the lock for restoring the counters that Redis has lost. Only one replica restores them.
-- KEYS[1] '{tollgate}:'      ARGV[1] token of the replica     ARGV[2] longest time between two steps (ms)
-- Returns 'begun' (this replica has the lock), 'busy' (another replica has it), 'complete' (the counters are complete).
if redis.call('EXISTS', EPOCH) == 1 then
  return 'complete'
end
local holder = redis.call('GET', REBUILD)
if holder and holder ~= ARGV[1] then
  return 'busy'
end
redis.call('SET', REBUILD, ARGV[1], 'PXAT', int(clock() + ARGV[2]))
return 'begun'
