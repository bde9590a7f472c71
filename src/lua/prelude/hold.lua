-- A hold has the reservation of a running call: '<time of admission>\n<reservation>\n<entry>'. The last two are JSON
-- without line breaks. The time determines the windows of the money. If the call is lost, the ledger gets the entry.
-- GROWN has the money of extended holds.
-- The reservation has objects for its scopes, so that replicas of the previous version can read it. Its amounts come
-- first, so that a settlement finds them without decoding the rest.

local function holdText(at, reservationAndEntry)
  return int(at) .. '\n' .. reservationAndEntry
end

-- Returns the time of the admission, the tokens and the nanos of a hold.
local function amountsOf(text)
  local at, tokens, nanos = match(text, '^(%d+)\n{"tokens":(%d+),"nanos":(%d+),')
  if not at then
    -- The hold is of the previous version.
    local reservation
    at, reservation = match(text, '^(%d+)\n([^\n]*)')
    reservation = cjson.decode(reservation)
    tokens, nanos = reservation.tokens, reservation.nanos
  end
  return at + 0, tokens + 0, nanos + 0
end
