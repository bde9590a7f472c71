-- Takes one token count from a scope's `count_tokens` bucket. Nothing is held or settled.
-- KEYS[1] '{tollgate}:'      ARGV[1] the scope (JSON), as in a reservation
-- Returns the wait in milliseconds, 0 if the count was taken.
local now = clock()
local counters = readScopes({ scopes = { cjson.decode(ARGV[1]) } }, windowsAt(now), now)[1]
local wait = waitFor(counters.count_tokens, 1)
if wait == 0 then
  draw(counters.count_tokens, 1)
  writeScope(counters, now)
end
return wait
