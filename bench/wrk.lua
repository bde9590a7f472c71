-- One request for wrk, from a file. Each copy has another number in its prompt, except if the number is 'same'.
-- Arguments: the file with the body, the position of the number, its length, the first number or 'same'.

local before, after, format, number

function init(args)
  local file = assert(io.open(args[1], "rb"))
  local body = file:read("*a")
  file:close()
  local request = wrk.format("POST", wrk.path, wrk.headers, body)
  local at, length = #request - #body + tonumber(args[2]), tonumber(args[3])
  before, after = request:sub(1, at), request:sub(at + length + 1)
  number = args[4] == "same" and request:sub(at + 1, at + length) or tonumber(args[4])
  format = args[4] == "same" and "%s" or "%0" .. length .. ".0f"
end

function request()
  local text = before .. format:format(number) .. after
  if format ~= "%s" then number = number + 1 end
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
