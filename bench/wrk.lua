-- One request for wrk, from a file. Each copy has another number in its prompt, except if the number is 'same'.
-- Arguments: the file with the body, the position of the number, its length, the first number or 'same'.

local ffi = require("ffi")
local text, digits, length, number

function init(args)
  local file = assert(io.open(args[1], "rb"))
  local body = file:read("*a")
  file:close()
  text = wrk.format("POST", wrk.path, wrk.headers, body)
  -- The number is written into the string itself: with a new string of 1 MB for each call, wrk needs three times the CPU.
  digits = ffi.cast("char *", text) + #text - #body + tonumber(args[2])
  length = tonumber(args[3])
  number = tonumber(args[4])
end

function request()
  if number then
    ffi.copy(digits, string.format("%0" .. length .. ".0f", number), length)
    number = number + 1
  end
  return text
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    'figures {"calls":%d,"seconds":%f,"failed":%d,"p50Ms":%f,"p99Ms":%f}',
    summary.requests,
    summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3
  ))
end
