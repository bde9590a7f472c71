-- Where scopes stand, as an admission would find them now; changes nothing.
-- KEYS[1] '{tollgate}:'      ARGV[1] scopes with their limits (JSON), as in a claim
-- Returns {at, states}; for states see describe().
local now = clock()
return { now, describe(readScopes({ scopes = cjson.decode(ARGV[1]) }, windowsAt(now), now)) }
