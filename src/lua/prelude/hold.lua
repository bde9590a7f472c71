-- A hold has the reservation of a running call: '<time of admission>\n<reservation>\n<entry>'. The last two are JSON
-- without line breaks. The time determines the windows of the money. If the call is lost, the ledger gets the entry.
-- GROWN has the money of extended holds.

local function keepHold(id, at, reservation, entry, now)
  redis.call('HSET', HOLDS, id, int(at) .. '\n' .. reservation .. '\n' .. entry)
  redis.call('ZADD', LEASES, int(now + LEASE), id)
end

local function readHold(text)
  local at, reservation, entry = text:match('^(%d+)\n([^\n]*)\n(.*)$')
  return { at = tonumber(at), reservation = cjson.decode(reservation), entry = entry }
end

-- Removes the hold of a call, and returns it. The caller must release its amounts.
local function endHold(id)
  local text = redis.call('HGET', HOLDS, id)
  redis.call('HDEL', HOLDS, id)
  redis.call('ZREM', LEASES, id)
  local hold = text and readHold(text)
  local grown = redis.call('HGET', GROWN, id)
  if grown then
    redis.call('HDEL', GROWN, id)
    if hold then
      hold.reservation.nanos = tonumber(grown:match('%d+$'))
    end
  end
  return hold
end

-- The units that a call takes from a bucket: at most the capacity, so that the largest call fits a full bucket.
local function wanted(units, kind, capacity)
  return math.min(units[kind], capacity)
end

-- `units`: the units that a call takes = { calls, requests, loop, count_tokens, tokens, nanos }.
local function take(counters, units)
  addRunning(counters, units.calls)
  addMoney(counters, units.nanos, 0)
  for _, kind in ipairs(BUCKETS) do
    local bucket = counters[kind]
    if bucket and units[kind] > 0 then
      draw(bucket, wanted(units, kind, bucket.capacity))
    end
  end
  if counters.tokens then
    addReserved(counters, units.calls * wanted(units, 'tokens', counters.tokens.capacity))
  end
end

-- A reservation takes one request unless it sets `requests`.
local function unitsOf(reservation)
  return {
    calls = 1, requests = reservation.requests or 1, loop = 1, count_tokens = 1, tokens = reservation.tokens, nanos = reservation.nanos,
  }
end

-- Reads the counters of every scope of a reservation, and applies its limits.
local function readScopes(reservation, windows, now)
  local all = {}
  for i, scope in ipairs(reservation.scopes) do
    local counters = readScope(scope, windows, now)
    for _, kind in ipairs(BUCKETS) do
      if counters[kind] then
        fitBucket(counters[kind], scope[kind])
      end
    end
    all[i] = counters
  end
  return all
end

-- Adds `change` = { calls, held, spent } to the counters, in the windows of the admission. If `change` has `reserved`, it
-- replaces these reserved tokens by the tokens in `used`. Without `used` the use is unknown, so the tokens of the
-- reservation count. A bucket keeps its rate.
-- Returns the budgets whose spend is now above the limit in the reservation, or nil. That happens only if Redis lost a hold.
-- Each: { scope key, scope name, 'day' | 'month', window, limit, spent }
local function recordChange(reservation, at, now, change)
  local windows = windowsAt(at)
  local overspent
  for _, scope in ipairs(reservation.scopes) do
    local counters = readScope(scope, windows, now)
    addRunning(counters, change.calls)
    addMoney(counters, change.held, change.spent)
    if counters.tokens then
      local capacity = scope.tokens.capacity
      local taken = math.min(reservation.tokens, capacity)
      addReserved(counters, change.calls * taken)
      if change.reserved then
        draw(counters.tokens, (change.used or taken) - math.min(change.reserved, capacity))
      end
    end
    writeScope(counters, now)
    for _, period in ipairs(change.spent > 0 and PERIODS or {}) do
      local money = counters[period]
      if money and money.limit >= 0 and money.spent > money.limit then
        overspent = overspent or {}
        overspent[#overspent + 1] = {
          scope.key, scope.name, period, money.window.spent:match('^%w+'), money.limit, money.spent,
        }
      end
    end
  end
  return overspent
end

local function append(id, seq, at, nanos, held, entry)
  redis.call(
    'XADD', LEDGER, '*', 'id', id, 'seq', seq, 'at', int(at), 'nanos', int(nanos), 'held', int(held), 'data', entry
  )
end

-- The current usage of each scope; false for an absent limit:
-- {requests available, ms until full, tokens available, ms until full, calls running, spent and held of the day, of the month}
local function describe(all)
  local states = {}
  for i, counters in ipairs(all) do
    local requests, tokens, day, month = counters.requests, counters.tokens, counters.day, counters.month
    states[i] = {
      requests and available(requests) or false,
      requests and fullIn(requests) or false,
      tokens and available(tokens) or false,
      tokens and fullIn(tokens) or false,
      counters.running,
      day and day.spent or false,
      day and day.held or false,
      month and month.spent or false,
      month and month.held or false,
    }
  end
  return states
end
