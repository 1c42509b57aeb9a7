-- Adds messages to a stream.
--
-- KEYS  1 stream
-- ARGV  for each message: number of texts, name, value, ...
local i, size = 1, #ARGV
while i <= size do
  local after = i + 1 + tonumber(ARGV[i])
  redis.call('XADD', KEYS[1], '*', unpack(ARGV, i + 1, after - 1))
  i = after
end
