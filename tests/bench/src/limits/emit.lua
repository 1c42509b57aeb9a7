-- Acknowledges messages, and adds a message to another stream for each that this acknowledged.
--
-- KEYS  1 stream that is read, 2 stream that is written
-- ARGV  1 group, then for each message: entry id, number of texts, name, value, ...
local i, size = 2, #ARGV
while i <= size do
  local after = i + 2 + tonumber(ARGV[i + 1])
  if redis.call('XACK', KEYS[1], ARGV[1], ARGV[i]) == 1 then
    redis.call('XADD', KEYS[2], '*', unpack(ARGV, i + 2, after - 1))
  end
  i = after
end
