-- Milliseconds since 1970 by the clock of Redis. All replicas use this clock, because their own clocks may differ.
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
