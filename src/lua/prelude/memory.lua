-- The cache may fill this share of `maxmemory`. The rest is for counters, holds and the ledger.
local CACHE_SHARE = 0.7

-- Bytes in use as Redis compares them with `maxmemory`, and `maxmemory`: 0 without a limit.
local function memory()
  local info = redis.call('INFO', 'memory')
  local function number(name)
    return tonumber(info:match('\n' .. name .. ':(%d+)') or 0)
  end
  return number('used_memory') - number('mem_not_counted_for_evict'), number('maxmemory')
end

-- Bytes that the cache must free.
local function cacheExcess(used, max)
  return max > 0 and used - CACHE_SHARE * max or 0
end
