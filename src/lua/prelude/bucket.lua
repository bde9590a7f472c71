-- A token bucket has `capacity` units, and refills evenly over `per` ms. Redis stores its deficit: the missing units.
-- An absent field means a full bucket. A deficit above the capacity is debt. In lowest terms capacity/per = num/den.
-- The deficit counts den-ths of a unit, so it shrinks by the integer num each ms, and a refill is never rounded.
-- Stored as '<deficit> <num> <den> <at>', with the rate of the refill until now, because the limit may have changed.

local function ratio(capacity, per)
  local a, b = capacity, per
  while b > 0 do
    a, b = b, a % b
  end
  return capacity / a, per / a
end

-- Refills a stored bucket up to now. Returns nil if it is full: a full bucket takes the rate of its new limit. If the
-- clock was set back, the bucket refills nothing until the clock reaches the stored time again.
local function refill(kept, now)
  local deficit, num, den, at = kept:match('^(%d+) (%d+) (%d+) (%d+)$')
  num = tonumber(num)
  deficit = deficit - num * math.max(0, now - at)
  return deficit > 0 and { deficit = deficit, num = num, den = tonumber(den) } or nil
end

local function readBucket(kept, limit, now)
  local bucket = kept and refill(kept, now)
  if bucket then
    return bucket
  end
  local num, den = ratio(limit.capacity, limit.per)
  return { deficit = 0, num = num, den = den }
end

-- Changes a bucket to the present limit. The deficit stays; if the rate differs, it is rounded up to a whole unit.
local function fitBucket(bucket, limit)
  local num, den = ratio(limit.capacity, limit.per)
  if num ~= bucket.num or den ~= bucket.den then
    bucket.deficit = math.ceil(bucket.deficit / bucket.den) * den
    bucket.num, bucket.den = num, den
  end
  bucket.capacity = limit.capacity
end

-- Takes units, or returns them if `units` is negative. A full bucket accepts no returned units.
local function draw(bucket, units)
  bucket.deficit = math.max(0, bucket.deficit + units * bucket.den)
  bucket.drawn = true
end

-- Milliseconds until the bucket has this number of units; 0 if it has them now.
local function waitFor(bucket, units)
  return math.max(0, math.ceil((bucket.deficit + (units - bucket.capacity) * bucket.den) / bucket.num))
end

local function fullIn(bucket)
  return math.ceil(bucket.deficit / bucket.num)
end

local function available(bucket)
  return math.max(0, math.floor((bucket.capacity * bucket.den - bucket.deficit) / bucket.den))
end

local function keepBucket(bucket, now)
  if bucket.deficit == 0 then
    return nil
  end
  return string.format('%.0f %.0f %.0f %.0f', bucket.deficit, bucket.num, bucket.den, now)
end
