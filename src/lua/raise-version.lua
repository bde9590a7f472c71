-- Makes a new version of the configuration known: whoever decides with an older one is told so by its next admission.
-- KEYS[1] '{tollgate}:'      ARGV[1] version
-- Returns the newest version there is.
local version, newest = tonumber(ARGV[1]), tonumber(redis.call('GET', VERSION) or 0)
if version <= newest then
  return newest
end
redis.call('SET', VERSION, int(version))
return version
