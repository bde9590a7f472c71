-- The current usage of a scope, appended to a list; false for an absent limit:
-- requests available, ms until full, tokens available, ms until full, calls running, spent and held of the day, of the month
local function describe(list, limits, now)
  local counters, at = countersOf(limits), #list
  for number = REQUESTS, TOKENS do
    local place = placeOf(number)
    local capacity = limits[place]
    if capacity then
      local bucket = bucketOf(counters, number, now)
      fitBucket(bucket, limits[place + 1], limits[place + 2])
      list[at + 1], list[at + 2] = available(bucket, capacity), fullIn(bucket)
    else
      list[at + 1], list[at + 2] = false, false
    end
    at = at + 2
  end
  local day, month = limits[DAY_LIMIT] and counters.day, limits[MONTH_LIMIT] and counters.month
  list[at + 1] = counters.running
  list[at + 2], list[at + 3] = day and day.spent, day and day.held
  list[at + 4], list[at + 5] = month and month.spent, month and month.held
end
