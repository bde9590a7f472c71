-- Reads a whole hold, for calls whose replica is dead.

local function ratio(capacity, per)
  local a, b = capacity, per
  while b > 0 do
    a, b = b, a % b
  end
  return capacity / a, per / a
end

local function limitsOf(scope)
  local limits = { scope.key, scope.concurrency or false, scope.day or false, scope.month or false }
  for number, name in ipairs(BUCKETS) do
    local place, bucket = placeOf(number), scope[name]
    limits[place], limits[place + 1], limits[place + 2] = false, false, false
    if bucket then
      limits[place], limits[place + 1], limits[place + 2] = bucket.capacity, ratio(bucket.capacity, bucket.per)
    end
  end
  return limits
end

-- Decodes a whole hold: the limits of its scopes, the objects of its scopes, its entry.
local function readHold(text)
  local reservation, entry = match(text, '^%d+\n([^\n]*)\n(.*)$')
  local scopes, all = cjson.decode(reservation).scopes, {}
  for i, scope in ipairs(scopes) do
    all[i] = limitsOf(scope)
  end
  return all, scopes, entry
end
