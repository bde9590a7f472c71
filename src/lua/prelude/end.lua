-- The end of holds: by a settlement, or by a sweep after the lease has expired.

local function nanosOf(grown)
  return match(grown, '%d+$') + 0
end

-- Removes holds, some of them extended. The caller must release their amounts.
local function endHolds(ids, extended)
  if ids[1] then
    redis.call('HDEL', HOLDS, unpack(ids))
    redis.call('ZREM', LEASES, unpack(ids))
  end
  if extended[1] then
    redis.call('HDEL', GROWN, unpack(extended))
  end
end
