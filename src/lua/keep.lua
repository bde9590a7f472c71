-- Stores a response in the cache. The cache has a bound in bytes; it evicts the responses that expire soonest.
-- KEYS[1] the response            KEYS[2] index: zset '<response key>' -> end (ms)   KEYS[3] hash '<response key>' -> bytes
-- KEYS[4] bytes of all responses
-- ARGV[1] the response (bytes)    ARGV[2] its lifetime (ms)                          ARGV[3] bound on all responses (bytes)
-- Returns 1 if it was stored; 0 if the response is too large, or Redis needs its memory for counters and the ledger.
local response, index, sizes, total = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local bytes, ttl, bound = #ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function drop(key)
  local size = redis.call('HGET', sizes, key)
  redis.call('DEL', key)
  redis.call('ZREM', index, key)
  if size then
    redis.call('HDEL', sizes, key)
    redis.call('DECRBY', total, size)
  end
end

drop(response)
local inUse, max = memory()
if cacheExcess(inUse + bytes, max) > 0 then return 0 end
for _, key in ipairs(redis.call('ZRANGEBYSCORE', index, '-inf', now, 'LIMIT', 0, 100)) do drop(key) end
local used = tonumber(redis.call('GET', total) or '0')
local evicted = 0
while used + bytes > bound and evicted < 100 do
  local oldest = redis.call('ZRANGE', index, 0, 0)[1]
  if not oldest then return 0 end
  drop(oldest)
  evicted = evicted + 1
  used = tonumber(redis.call('GET', total))
end
if used + bytes > bound then return 0 end

redis.call('SET', response, ARGV[1], 'PX', ttl)
redis.call('ZADD', index, now + ttl, response)
redis.call('HSET', sizes, response, bytes)
redis.call('INCRBY', total, bytes)
return 1
