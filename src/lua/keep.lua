-- Stores a response in the cache. The cache has a bound in bytes; it evicts the responses that expire soonest.
-- KEYS[1] the response            KEYS[2] index: zset '<response key>' -> end (ms)   KEYS[3] hash '<response key>' -> bytes
-- KEYS[4] bytes of all responses  KEYS[5] bytes that may be stored until the memory of Redis is read again
-- ARGV[1] the response (bytes)    ARGV[2] its lifetime (ms)                          ARGV[3] bound on all responses (bytes)
-- Returns 1 if it was stored; 0 if the response is too large, or Redis needs its memory for counters and the ledger.
local response, index, sizes, total, room = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local bytes, ttl, bound = #ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- INFO takes as long as all other commands together, so it is read once for these bytes, or in this time (ms).
local ROOM, ROOM_KEPT = 1048576, 1000
-- A script blocks Redis, so it removes at most this number of responses.
local AT_ONCE = 100

-- Removes the responses and returns the bytes that the cache has now.
local function drop(keys)
  local freed = 0
  for _, size in ipairs(redis.call('HMGET', sizes, unpack(keys))) do
    freed = freed + tonumber(size or 0)
  end
  redis.call('DEL', unpack(keys))
  redis.call('ZREM', index, unpack(keys))
  redis.call('HDEL', sizes, unpack(keys))
  return redis.call('DECRBY', total, freed)
end

-- Removes expired responses, and reads how much memory the cache may take. Returns whether this response fits.
local function makeRoom()
  local expired = redis.call('ZRANGEBYSCORE', index, '-inf', now, 'LIMIT', 0, AT_ONCE)
  if #expired > 0 then
    drop(expired)
  end
  local inUse, max = memory()
  local excess = cacheExcess(inUse + bytes, max)
  if excess > 0 then
    redis.call('DEL', room)
    return false
  end
  redis.call('SET', room, max > 0 and math.floor(math.min(ROOM, -excess)) or ROOM, 'PX', ROOM_KEPT)
  return true
end

if redis.call('HEXISTS', sizes, response) == 1 then
  drop({ response })
end
if redis.call('DECRBY', room, bytes) < 0 and not makeRoom() then
  return 0
end
local used = redis.call('INCRBY', total, bytes)
local evicted = 0
while used > bound and evicted < AT_ONCE do
  local soonest = redis.call('ZRANGE', index, 0, 0)
  if #soonest == 0 then
    break
  end
  used = drop(soonest)
  evicted = evicted + 1
end
if used > bound then
  redis.call('DECRBY', total, bytes)
  return 0
end

redis.call('SET', response, ARGV[1], 'PX', ttl)
redis.call('ZADD', index, now + ttl, response)
redis.call('HSET', sizes, response, bytes)
return 1
