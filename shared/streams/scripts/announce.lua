-- Adds events.
--
-- KEYS  1 events (stream)
-- ARGV  for each event: number of texts, then name, value, ...
-- Result the number of events added
local i, size, added = 1, #ARGV, 0
while i <= size do
  local after = i + 1 + tonumber(ARGV[i])
  redis.call('XADD', KEYS[1], '*', unpack(ARGV, i + 1, after - 1))
  i, added = after, added + 1
end
return added
