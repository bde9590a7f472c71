-- Creates the stream's consumer group, which begins with the oldest entry.
-- KEYS[1] '{tollgate}:'      ARGV[1] group
-- Returns 1 if the script created it, 0 if it existed.
local reply = redis.pcall('XGROUP', 'CREATE', LEDGER, ARGV[1], '0', 'MKSTREAM')
if reply.err and not reply.err:match('BUSYGROUP') then
  return reply
end
return reply.err and 0 or 1
