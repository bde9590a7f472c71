-- Milliseconds since 1970 by the server's clock, the only one that counts: those of the replicas may differ.
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
