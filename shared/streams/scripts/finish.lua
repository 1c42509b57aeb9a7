-- The fence: acknowledges messages, and only where that acknowledged something lets their effects happen.
--
-- KEYS  1 queue (stream), 2 events (stream), 3 dead (stream), 4 delayed (sorted set by due millisecond)
-- ARGV  1 group
--       then for each message: entry id, number of effects, then for each effect:
--         kind, number of texts, texts:
--           event, queue, dead   name, value, ...   an entry of that stream
--           delay                milliseconds from now, member
-- Result for each message 1 if this call acknowledged it, 0 if it was acknowledged already (or the group is new)
--
-- XACK comes first: a Redis that is full refuses a script's first write only, so what follows can't be half done.
local group = ARGV[1]
local streams = {queue = KEYS[1], event = KEYS[2], dead = KEYS[3]}
local results = {}
local now
local i, size = 2, #ARGV
while i <= size do
  local won = redis.call('XACK', KEYS[1], group, ARGV[i])
  local effects = tonumber(ARGV[i + 1])
  i = i + 2
  for _ = 1, effects do
    local kind, texts = ARGV[i], i + 2
    local after = texts + tonumber(ARGV[i + 1])
    if won == 1 then
      if kind == 'delay' then
        if not now then
          local time = redis.call('TIME')
          now = time[1] * 1000 + math.floor(time[2] / 1000)
        end
        redis.call('ZADD', KEYS[4], now + tonumber(ARGV[texts]), ARGV[texts + 1])
      else
        redis.call('XADD', streams[kind], '*', unpack(ARGV, texts, after - 1))
      end
    end
    i = after
  end
  results[#results + 1] = won
end
return results
