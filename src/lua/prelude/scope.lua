-- A scope (client, team, gateway, loop brake, token counts) is one hash. Its fields, each absent where it is zero or full:
--   running              number of calls with a hold in this scope
--   requests tokens loop count_tokens    buckets (bucket.lua)
--   reserved             tokens that running calls have reserved and may return, as '<tokens> 1 1 <at>': the format of
--                        a bucket, so that replicas of the previous version can read it
--   d20261123:spent      nano-dollars, cost of the ended calls of that day; m202611:spent for the month
--   d20261123:held       nano-dollars, highest cost of the running calls of that day
-- The hash expires when none of its fields is needed.

local BUCKETS = { 'requests', 'tokens', 'loop', 'count_tokens' }
local PERIODS = { 'day', 'month' }

-- Lifetime of a window after its end: calls may still run, settlements may wait for the end of an outage, and `verify`
-- compares yesterday's counters with the ledger.
local KEEP = 2 * DAY

-- A limit below zero (UNLIMITED) refuses nothing, but its window is counted.
local function readMoney(limit, window, spent, held)
  return limit and {
    limit = limit,
    window = window,
    isOpen = spent or held,
    spent = tonumber(spent or 0),
    held = tonumber(held or 0),
  }
end

-- Reads the present counters of a scope in the given windows. `set` and `gone` collect the fields to write.
local function readScope(scope, windows, now)
  local key, day, month = SCOPE .. scope.key, windows.day, windows.month
  local running, reserved, requests, tokens, loop, counts, daySpent, dayHeld, monthSpent, monthHeld = unpack(redis.call(
    'HMGET', key, 'running', 'reserved', 'requests', 'tokens', 'loop', 'count_tokens',
    day.spent, day.held, month.spent, month.held
  ))
  return {
    key = key,
    limits = scope,
    wasRunning = running,
    running = tonumber(running or 0),
    reserved = reserved and tonumber(reserved:match('^%d+')) or 0,
    requests = scope.requests and readBucket(requests, scope.requests, now),
    tokens = scope.tokens and readBucket(tokens, scope.tokens, now),
    loop = scope.loop and readBucket(loop, scope.loop, now),
    count_tokens = scope.count_tokens and readBucket(counts, scope.count_tokens, now),
    day = readMoney(scope.day, day, daySpent, dayHeld),
    month = readMoney(scope.month, month, monthSpent, monthHeld),
    set = { 'HSET', key },
    gone = { 'HDEL', key },
  }
end

local function put(counters, field, text)
  if text then
    local set = counters.set
    set[#set + 1], set[#set + 2] = field, text
  else
    counters.gone[#counters.gone + 1] = field
  end
end

local function putNumber(counters, field, number)
  put(counters, field, number ~= 0 and int(number) or nil)
end

-- The scope of the loop brake counts only repetitions.
local function addRunning(counters, calls)
  if calls ~= 0 and not counters.limits.loop then
    counters.running = counters.running + calls
    putNumber(counters, 'running', counters.running)
  end
end

local function addReserved(counters, tokens)
  if tokens ~= 0 then
    counters.reserved = math.max(0, counters.reserved + tokens)
    counters.reserves = true
  end
end

local function addMoney(counters, held, spent)
  for _, period in ipairs(PERIODS) do
    local money = counters[period]
    if money and held ~= 0 then
      money.held = money.held + held
      putNumber(counters, money.window.held, money.held)
    end
    if money and spent ~= 0 then
      money.spent = money.spent + spent
      putNumber(counters, money.window.spent, money.spent)
    end
    if money and not money.isOpen and (held ~= 0 or spent ~= 0) then
      counters.opens = true
    end
  end
end

-- Drops what does not matter any more, and says how long the rest does: a bucket until it is full, a window until it
-- is kept no longer, everything while calls run.
local function tidy(key, now)
  local list = redis.call('HGETALL', key)
  local fields, ends = {}, now
  for i = 1, #list, 2 do
    fields[list[i]] = list[i + 1]
  end
  for field, value in pairs(fields) do
    local name = field:match('^(%a%d+):')
    local matters = now
    if name then
      matters = fields[name .. ':held'] and math.huge or endOf(name) + KEEP
    elseif field == 'running' then
      matters = math.huge
    elseif field == 'reserved' then
      matters = fields.running and math.huge or now
    else
      local bucket = refill(value, now)
      matters = bucket and now + fullIn(bucket) or now
    end
    if matters <= now then
      redis.call('HDEL', key, field)
    end
    ends = math.max(ends, matters)
  end
  if ends == math.huge then
    redis.call('PERSIST', key)
  elseif ends > now then
    redis.call('PEXPIREAT', key, int(ends))
  end
end

-- Writes what has changed.
local function writeScope(counters, now)
  for _, kind in ipairs(BUCKETS) do
    local bucket = counters[kind]
    if bucket and bucket.drawn then
      put(counters, kind, keepBucket(bucket, now))
    end
  end
  if counters.reserves then
    local tokens = counters.running > 0 and counters.reserved or 0
    put(counters, 'reserved', tokens > 0 and string.format('%.0f 1 1 %.0f', tokens, now) or nil)
  end
  if counters.set[3] then
    redis.call(unpack(counters.set))
  end
  if counters.gone[3] then
    redis.call(unpack(counters.gone))
  end
  if counters.opens or counters.running == 0 then
    tidy(counters.key, now)
  elseif not counters.wasRunning then
    redis.call('PERSIST', counters.key)
  end
end
