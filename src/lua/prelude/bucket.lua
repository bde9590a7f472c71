-- A token bucket has `capacity` units, and refills evenly over `per` ms. Redis stores its deficit: the missing units.
-- An absent field means a full bucket. A deficit above the capacity is debt. In lowest terms capacity/per = num/den.
-- The deficit counts den-ths of a unit, so it shrinks by the integer num each ms, and a refill is never rounded.
-- Stored as '<deficit> <num> <den> <at>', with the rate of the refill until now, because the limit may have changed.

-- Refills a stored bucket up to now. Returns nil if it is full: a full bucket takes the rate of its new limit. If the
-- clock was set back, the bucket refills nothing until the clock reaches the stored time again. Tables have all their fields
-- from the start, because a field that is added later makes Lua allocate the table again.
local function refill(kept, now)
  local deficit, num, den, at = match(kept, '^(%d+) (%d+) (%d+) (%d+)$')
  deficit = deficit - num * max(0, now - at)
  if deficit > 0 then
    return { deficit = deficit, num = num + 0, den = den + 0, drawn = false }
  end
end

local function fullBucket()
  return { deficit = 0, num = 0, den = 1, drawn = false }
end

-- Changes a bucket to the present limit. The deficit stays; if the rate differs, it is rounded up to a whole unit.
local function fitBucket(bucket, num, den)
  if num ~= bucket.num or den ~= bucket.den then
    if bucket.deficit > 0 then
      bucket.deficit = ceil(bucket.deficit / bucket.den) * den
    end
    bucket.num, bucket.den = num, den
  end
end

-- Takes units, or returns them if `units` is negative. A full bucket accepts no returned units.
local function draw(bucket, units)
  bucket.deficit = max(0, bucket.deficit + units * bucket.den)
  bucket.drawn = true
end

-- Milliseconds until the bucket has this number of units; 0 if it has them now.
local function waitFor(bucket, units, capacity)
  return max(0, ceil((bucket.deficit + (units - capacity) * bucket.den) / bucket.num))
end

local function fullIn(bucket)
  return ceil(bucket.deficit / bucket.num)
end

local function available(bucket, capacity)
  return max(0, floor((capacity * bucket.den - bucket.deficit) / bucket.den))
end

-- Returns nil for a full bucket.
local function bucketText(bucket, now)
  return bucket.deficit > 0 and format('%d %d %d %d', bucket.deficit, bucket.num, bucket.den, now) or nil
end
