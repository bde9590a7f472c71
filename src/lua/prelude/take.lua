-- The units that a call takes from the buckets, in the order of BUCKETS. It takes one request unless it sets `requests`.
local function unitsOf(requests, tokens)
  return { requests, tokens, 1, 1 }
end

-- Takes the units of `calls` (0 or 1) calls from a scope. A bucket gives at most its capacity, so that the largest call
-- fits a full bucket.
local function take(limits, calls, units, nanos, now)
  local counters = countersOf(limits)
  counters.isUsed = true
  addRunning(counters, limits, calls)
  addMoney(counters, limits, nanos, 0)
  for number = 1, #units do
    local place = placeOf(number)
    local capacity = limits[place]
    if capacity and units[number] > 0 then
      local bucket = bucketOf(counters, number, now)
      fitBucket(bucket, limits[place + 1], limits[place + 2])
      draw(bucket, min(units[number], capacity))
    end
  end
  if limits[TOKEN_LIMIT] then
    addReserved(counters, calls * min(units[TOKENS], limits[TOKEN_LIMIT]))
  end
end
