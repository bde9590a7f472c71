-- Reads the spent and held amounts of scopes in the current day and month.
-- KEYS[1] '{tollgate}:'      ARGV[1..] scope keys
-- Returns {now, {day spent, day held, month spent, month held} of each}; an error while the counters are incomplete.
if redis.call('EXISTS', EPOCH) == 0 then
  return rebuilding()
end
local now = clock()
local windows = windowsAt(now)
local day, month = windows.day, windows.month
local found = {}
for i, key in ipairs(ARGV) do
  found[i] = redis.call('HMGET', SCOPE .. key, day.spent, day.held, month.spent, month.held)
end
return { now, found }
