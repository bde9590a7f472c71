-- Takes one token count from a scope's `count_tokens` bucket. Nothing is held or settled.
-- KEYS[1] '{tollgate}:'      ARGV[1] JSON: the limits of the scope (scope.lua)
-- Returns the wait in milliseconds, 0 if the count was taken.
local now = clock()
local limits = cjson.decode(ARGV[1])
local place = placeOf(COUNTS)
openWindows(now, now)
local counters = countersOf(limits)
local bucket = bucketOf(counters, COUNTS, now)
fitBucket(bucket, limits[place + 1], limits[place + 2])
local wait = waitFor(bucket, 1, limits[place])
if wait == 0 then
  draw(bucket, 1)
  counters.isUsed = true
  writeScopes(now)
end
return wait
