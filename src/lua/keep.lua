-- Keeps one answer, within a bound on all kept answers together: whatever ends soonest makes room.
-- KEYS[1] the answer            KEYS[2] index: zset '<answer key>' -> end (ms)   KEYS[3] hash '<answer key>' -> bytes
-- KEYS[4] bytes of all answers
-- ARGV[1] the answer (bytes)    ARGV[2] how long to keep it (ms)                 ARGV[3] bound on all answers (bytes)
-- Returns 1 if it was stored, 0 if there was no room for it, or if Redis's memory is short: counters and ledger need it.
local answer, index, sizes, total = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
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

drop(answer)
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

redis.call('SET', answer, ARGV[1], 'PX', ttl)
redis.call('ZADD', index, now + ttl, answer)
redis.call('HSET', sizes, answer, bytes)
redis.call('INCRBY', total, bytes)
return 1
