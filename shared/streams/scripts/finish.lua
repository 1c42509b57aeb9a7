-- The fence: acknowledges messages, and only where that acknowledged something lets their effects happen.
--
-- KEYS  1 queue (stream), 2 events (stream), 3 dead (stream), 4 delayed (sorted set by due millisecond),
--       5 live (hash: order -> entry id of its message on queue, or 'delayed'), 6 finished (hash: consumer -> its last call)
-- ARGV  1 group, 2 consumer, 3 name of this call, 4 frames (see frames.lua)
--       then for each message: entry id, order or '', number of effects, then for each effect:
--         an event     as in frames.lua
--         anything else kind, number of texts, texts:
--           queue, dead          name, value, ...   an entry of that stream
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

local size = #ARGV
local frames, i = read_frames(ARGV, 4)

local messages, orders, count = {}, {}, 0
while i <= size do
  count = count + 1
  messages[count], orders[count] = i, ARGV[i + 1]
  local effects = tonumber(ARGV[i + 2])
  i = i + 3
  for _ = 1, effects do
    local frame = frames[tonumber(ARGV[i])]
    if frame then i = i + 1 + #frame.own else i = i + 2 + tonumber(ARGV[i + 1]) end
  end
end
-- One question for all: a call costs as much as what it asks.
local live = redis.call('HMGET', KEYS[5], unpack(orders))

local streams = {queue = KEYS[1], dead = KEYS[3]}
local results, ended = {}, {}
local now
for message = 1, count do
  local i, order = messages[message], orders[message]
  local entry = ARGV[i]
  local won = redis.call('XACK', KEYS[1], group, entry)
  local owner = order ~= '' and live[message] == entry
  -- The order lives on in another message, which alone may speak for it.
  if order ~= '' and live[message] and not owner then won = 0 end
  if won == 1 then
    local stands
    local effects = tonumber(ARGV[i + 2])
    i = i + 3
    for _ = 1, effects do
      local kind = ARGV[i]
      local frame = frames[tonumber(kind)]
      if frame then
        add(KEYS[2], frame, ARGV, i + 1, order)
        i = i + 1 + #frame.own
      else
        local texts = i + 2
        local after = texts + tonumber(ARGV[i + 1])
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
        i = after
      end
    end
    if stands and order ~= '' then
      redis.call('HSET', KEYS[5], order, stands)
    elseif owner then
      ended[#ended + 1] = order
    end
  end
  results[message] = won
end
if #ended > 0 then redis.call('HDEL', KEYS[5], unpack(ended)) end
redis.call('HSET', KEYS[6], consumer, call .. ':' .. table.concat(results))
return results
