-- Reads the current usage of scopes, as an admission would find it. It changes nothing.
-- KEYS[1] '{tollgate}:'      ARGV[1] JSON: the limits of each scope (scope.lua)
-- Returns {at, usage...}; for the usage of each scope see describe(). While the counters are incomplete, it returns an error.
if redis.call('EXISTS', EPOCH) == 0 then
  return rebuilding()
end
local now = clock()
openWindows(now, now)
local reply = { now }
for _, limits in ipairs(cjson.decode(ARGV[1])) do
  describe(reply, limits, now)
end
return reply
