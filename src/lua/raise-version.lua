-- Stores a new version of the configuration. The next admission of a replica with an older version returns 'stale'.
-- KEYS[1] '{tollgate}:'      ARGV[1] version
-- Returns the newest version.
local version, newest = tonumber(ARGV[1]), tonumber(redis.call('GET', VERSION) or 0)
if version <= newest then
  return newest
end
redis.call('SET', VERSION, int(version))
return version
