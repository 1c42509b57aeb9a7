-- The fence: acknowledges messages, and only where that acknowledged something lets their effects happen.
--
-- KEYS  1 queue (stream), 2 events (stream), 3 dead (stream), 4 delayed (sorted set by due millisecond),
--       5 live (hash: order -> entry id of its message on queue, or 'delayed'), 6 finished (hash: consumer -> its last call)
-- ARGV  1 group, 2 consumer, 3 name of this call
--       then for each message: entry id, order or '', number of effects, then for each effect:
--         kind, number of texts, texts:
--           event, queue, dead   name, value, ...   an entry of that stream
--           delay                milliseconds from now, member
-- Result for each message 1 if this call acknowledged it, 0 if it was acknowledged already (or the group is new)
--
-- A call that is repeated under its name, because its answer was lost, is given the same answer and changes nothing.
-- XACK comes first: a Redis that is full refuses a script's first write only, so what follows can't be half done.
local group, consumer, call = ARGV[1], ARGV[2], ARGV[3]
local last = redis.call('HGET', KEYS[6], consumer)
if last and last:sub(1, #call + 1) == call .. ':' then
  local answers = {}
  for answer in last:sub(#call + 2):gmatch('%d') do answers[#answers + 1] = tonumber(answer) end
  return answers
end

local streams = {queue = KEYS[1], event = KEYS[2], dead = KEYS[3]}
local results = {}
local now
local i, size = 4, #ARGV
while i <= size do
  local entry, order = ARGV[i], ARGV[i + 1]
  local won = redis.call('XACK', KEYS[1], group, entry)
  local owner = false
  if won == 1 and order ~= '' then
    local live = redis.call('HGET', KEYS[5], order)
    owner = live == entry
    -- The order lives on in another message, which alone may speak for it.
    if live and not owner then won = 0 end
  end
  local stands
  local effects = tonumber(ARGV[i + 2])
  i = i + 3
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
        stands = 'delayed'
      else
        local id = redis.call('XADD', streams[kind], '*', unpack(ARGV, texts, after - 1))
        if kind == 'queue' then stands = id end
      end
    end
    i = after
  end
  if won == 1 and order ~= '' then
    if stands then
      redis.call('HSET', KEYS[5], order, stands)
    elseif owner then
      redis.call('HDEL', KEYS[5], order)
    end
  end
  results[#results + 1] = won
end
redis.call('HSET', KEYS[6], consumer, call .. ':' .. table.concat(results))
return results
