-- Where scopes stand, as an admission would find them now; changes nothing.
-- KEYS[1] '{tollgate}:'      ARGV[1] scopes with their limits (JSON), as in a reservation
-- Returns {at, states}; for states see describe(). While counters are being restored: an error.
if redis.call('EXISTS', EPOCH) == 0 then
  return rebuilding()
end
local now = clock()
return { now, describe(readScopes({ scopes = cjson.decode(ARGV[1]) }, windowsAt(now), now)) }
