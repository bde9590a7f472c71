-- Reads the current usage of scopes, as an admission would find it. It changes nothing.
-- KEYS[1] '{tollgate}:'      ARGV[1] scopes with their limits (JSON), as in a reservation
-- Returns {at, states}; for states see describe(). While the counters are incomplete, it returns an error.
if redis.call('EXISTS', EPOCH) == 0 then
  return rebuilding()
end
local now = clock()
return { now, describe(readScopes({ scopes = cjson.decode(ARGV[1]) }, windowsAt(now), now)) }
