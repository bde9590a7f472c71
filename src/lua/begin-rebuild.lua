-- One replica at a time restores counters that Redis has lost.
-- KEYS[1] '{tollgate}:'      ARGV[1] token of the replica     ARGV[2] how long it has between two steps (ms)
-- Returns 'begun' (or still its turn), 'busy' (another one's turn), 'complete' (there is nothing to restore).
if redis.call('EXISTS', EPOCH) == 1 then
  return 'complete'
end
local holder = redis.call('GET', REBUILD)
if holder and holder ~= ARGV[1] then
  return 'busy'
end
redis.call('SET', REBUILD, ARGV[1], 'PXAT', int(clock() + ARGV[2]))
return 'begun'
