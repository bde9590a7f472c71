-- Reads the used memory. If memory is short, evicts the cached responses that expire soonest.
-- KEYS[1] '{tollgate}:'      ARGV[1] highest number of responses to evict
-- Returns { bytes in use before, maxmemory (0: no limit), evicted responses }. Repeat it while it evicts ARGV[1].
local CACHE = PREFIX .. 'cache:'
local used, max = memory()
local excess = cacheExcess(used, max)
if excess <= 0 then
  return { used, max, 0 }
end
-- The next response reads the memory again, before it is stored.
redis.call('DEL', CACHE .. 'room')
local freed, evicted = 0, 0
for _, key in ipairs(redis.call('ZRANGE', CACHE .. 'index', 0, ARGV[1] - 1)) do
  if freed >= excess then
    break
  end
  local size = tonumber(redis.call('HGET', CACHE .. 'sizes', key) or 0)
  redis.call('DEL', key)
  redis.call('ZREM', CACHE .. 'index', key)
  redis.call('HDEL', CACHE .. 'sizes', key)
  redis.call('DECRBY', CACHE .. 'bytes', int(size))
  freed, evicted = freed + size, evicted + 1
end
return { used, max, evicted }
