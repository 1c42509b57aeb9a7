-- Trims a stream up to what its slowest group still needs: never what some group has not acknowledged.
--
-- KEYS  1 the stream
-- ARGV  the groups that must all be there; where one is missing nothing is trimmed, for it will be made again at 0
-- Result the number of entries removed
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local keep = {}
for _, info in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local fields = {}
  for i = 1, #info, 2 do fields[info[i]] = info[i + 1] end
  -- The oldest pending entry, or the last delivered one where all is acknowledged.
  local oldest = redis.call('XPENDING', KEYS[1], fields['name'])[2]
  keep[fields['name']] = oldest or fields['last-delivered-id']
end
for _, group in ipairs(ARGV) do
  if not keep[group] then return 0 end
end

local function parts(id)
  local ms, counter = id:match('^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(counter)
end
local slowest, slowest_ms, slowest_counter
for _, id in pairs(keep) do
  local ms, counter = parts(id)
  if not slowest or ms < slowest_ms or (ms == slowest_ms and counter < slowest_counter) then
    slowest, slowest_ms, slowest_counter = id, ms, counter
  end
end
-- ~ removes whole nodes only, which costs next to nothing.
return redis.call('XTRIM', KEYS[1], 'MINID', '~', slowest)
