-- A scope (client, team, gateway, loop brake, token counts) is one hash. Its fields, each absent where it is zero or full:
--   running              number of calls with a hold in this scope
--   requests tokens loop count_tokens    buckets (bucket.lua)
--   reserved             tokens that running calls have reserved and may return, as '<tokens> 1 1 <at>': the format of
--                        a bucket, so that replicas of the previous version can read it
--   d20261123:spent      nano-dollars, cost of the ended calls of that day; m202611:spent for the month
--   d20261123:held       nano-dollars, highest cost of the running calls of that day
-- The hash expires when none of its fields is needed.
--
-- A script reads each scope once, changes its counters in memory, and writes them at the end.

-- The limits of a scope are a list, because cjson decodes it in half the time of an object: { key, concurrency, day, month,
-- then three for each kind of bucket: capacity, num, den }. Absent limits are false; absent kinds at the end are left out.
local KEY, CONCURRENCY, DAY_LIMIT, MONTH_LIMIT = 1, 2, 3, 4
local BUCKETS = { 'requests', 'tokens', 'loop', 'count_tokens' }
local REQUESTS, TOKENS, LOOP, COUNTS = 1, 2, 3, 4

-- The place of a bucket's capacity in the limits.
local function placeOf(bucket)
  return 3 * bucket + 2
end
local TOKEN_LIMIT, LOOP_LIMIT = placeOf(TOKENS), placeOf(LOOP)

-- Lifetime of a window after its end: calls may still run, settlements may wait for the end of an outage, and `verify`
-- compares yesterday's counters with the ledger.
local KEEP = 2 * DAY

-- The counters that this script has read: by scope key, and in the order of their reading. Their money is of these windows.
local windows, known, inOrder

local function readMoney(window, spentText, heldText)
  local spent, held = (spentText or 0) + 0, (heldText or 0) + 0
  return { window = window, spent = spent, held = held, wasSpent = spent, wasHeld = held }
end

-- The counters of a scope, in the windows that are open.
local function countersOf(limits)
  local key = limits[KEY]
  if known[key] then
    return known[key]
  end
  local hash, day, month = SCOPE .. key, windows.day, windows.month
  local found
  if limits[LOOP_LIMIT] == nil then
    found = redis.call(
      'HMGET', hash, 'running', 'reserved', day.spent, day.held, month.spent, month.held, 'requests', 'tokens'
    )
  else
    found = redis.call(
      'HMGET', hash, 'running', 'reserved', day.spent, day.held, month.spent, month.held, 'requests', 'tokens',
      'loop', 'count_tokens'
    )
  end
  local running, reserved = (found[1] or 0) + 0, found[2] and match(found[2], '^%d+') + 0 or 0
  local counters = {
    found[7], found[8], found[9], found[10], -- buckets, as text until bucketOf() parses them
    hash = hash,
    running = running,
    wasRunning = running,
    reserved = reserved,
    wasReserved = reserved,
    day = readMoney(day, found[3], found[4]),
    month = readMoney(month, found[5], found[6]),
    isUsed = false,
  }
  known[key] = counters
  inOrder[#inOrder + 1] = counters
  return counters
end

-- The bucket of this number, refilled up to now. A full bucket has no rate.
local function bucketOf(counters, number, now)
  local bucket = counters[number]
  if type(bucket) ~= 'table' then
    bucket = bucket and refill(bucket, now) or fullBucket()
    counters[number] = bucket
  end
  return bucket
end

-- The scope of the loop brake counts only repetitions.
local function addRunning(counters, limits, calls)
  if not limits[LOOP_LIMIT] then
    counters.running = counters.running + calls
  end
end

local function addReserved(counters, tokens)
  counters.reserved = max(0, counters.reserved + tokens)
end

local function addTo(money, held, spent)
  money.held, money.spent = money.held + held, money.spent + spent
end

-- A limit below zero (UNLIMITED) refuses nothing, but its window is counted.
local function addMoney(counters, limits, held, spent)
  if limits[DAY_LIMIT] then
    addTo(counters.day, held, spent)
  end
  if limits[MONTH_LIMIT] then
    addTo(counters.month, held, spent)
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
    local name = match(field, '^(%a%d+):')
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
    ends = max(ends, matters)
  end
  if ends == math.huge then
    redis.call('PERSIST', key)
  elseif ends > now then
    redis.call('PEXPIREAT', key, int(ends))
  end
end

-- The fields to write and to remove of one scope, after the command and the key.
local set, gone = { 'HSET' }, { 'HDEL' }
local lastSet, lastGone

local function put(field, text)
  if text then
    set[lastSet + 1], set[lastSet + 2] = field, text
    lastSet = lastSet + 2
  else
    lastGone = lastGone + 1
    gone[lastGone] = field
  end
end

local function putNumber(field, number, before)
  if number ~= before then
    put(field, number ~= 0 and format('%d', number) or nil)
  end
end

-- Returns true if the window had no fields before, and has some now.
local function putMoney(money)
  putNumber(money.window.held, money.held, money.wasHeld)
  putNumber(money.window.spent, money.spent, money.wasSpent)
  return money.wasHeld == 0 and money.wasSpent == 0 and (money.held ~= 0 or money.spent ~= 0)
end

local function writeCounters(counters, now)
  local hash, running = counters.hash, counters.running
  local reserved = running > 0 and counters.reserved or 0
  set[2], gone[2], lastSet, lastGone = hash, hash, 2, 2
  putNumber('running', running, counters.wasRunning)
  for number = 1, #counters do
    local bucket = counters[number]
    if bucket and bucket.drawn then
      put(BUCKETS[number], bucketText(bucket, now))
    end
  end
  if reserved ~= counters.wasReserved then
    put('reserved', reserved > 0 and format('%d 1 1 %d', reserved, now) or nil)
  end
  local opensDay, opensMonth = putMoney(counters.day), putMoney(counters.month)
  if lastSet > 2 then
    redis.call(unpack(set, 1, lastSet))
  end
  if lastGone > 2 then
    redis.call(unpack(gone, 1, lastGone))
  end
  if running == 0 or opensDay or opensMonth then
    tidy(hash, now)
  elseif counters.wasRunning == 0 then
    redis.call('PERSIST', hash)
  end
end

-- Writes the counters that were used.
local function writeScopes(now)
  for _, counters in ipairs(inOrder) do
    if counters.isUsed then
      writeCounters(counters, now)
    end
  end
end

-- Counts money in the windows of this time from now on.
local function openWindows(at, now)
  if windows and at < windows.day.ends and at >= windows.day.ends - DAY then
    return
  end
  if windows then
    writeScopes(now)
  end
  windows, known, inOrder = windowsAt(at), {}, {}
end
