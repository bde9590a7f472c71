-- Lists the scopes with counters, in pages. A scope may come twice.
-- KEYS[1] '{tollgate}:'      ARGV[1] cursor, '0' to begin
-- Returns {next cursor, '0' at the end; scope keys}.
local page = redis.call('SCAN', ARGV[1], 'MATCH', SCOPE .. '*', 'COUNT', 1000, 'TYPE', 'hash')
local keys = {}
for i, key in ipairs(page[2]) do
  keys[i] = key:sub(#SCOPE + 1)
end
return { page[1], keys }
