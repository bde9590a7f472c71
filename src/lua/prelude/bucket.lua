-- A token bucket: `capacity` units, refilled evenly over `per` ms. What is kept is its deficit, what it lacks to be
-- full: nothing kept = full, and more than the capacity = debt. In lowest terms capacity/per = num/den, and the deficit
-- counts den-ths of a unit, so that it shrinks by the whole number num each ms and no refill is ever rounded.
-- Kept as '<deficit> <num> <den> <at>': whatever happens to the limit, until now it refilled at this rate.

local function ratio(capacity, per)
  local a, b = capacity, per
  while b > 0 do
    a, b = b, a % b
  end
  return capacity / a, per / a
end

-- What is kept of a bucket, as it is now; nil if it is full, for a full bucket has no past. A clock that was set back
-- refills nothing until it has caught up.
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

-- Brings a bucket under the limit as it is now: it lacks the same, rounded up to a whole unit if the rate is another.
local function fitBucket(bucket, limit)
  local num, den = ratio(limit.capacity, limit.per)
  if num ~= bucket.num or den ~= bucket.den then
    bucket.deficit = math.ceil(bucket.deficit / bucket.den) * den
    bucket.num, bucket.den = num, den
  end
  bucket.capacity = limit.capacity
end

-- Takes from it, or, with less than nothing, gives back; giving back ends when it is full.
local function draw(bucket, units)
  bucket.deficit = math.max(0, bucket.deficit + units * bucket.den)
  bucket.drawn = true
end

-- Milliseconds until so many units are there; 0: they are there now.
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
