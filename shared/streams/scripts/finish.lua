-- The fence: acknowledges messages, and only where that acknowledged something lets their effects happen.
--
-- KEYS  1 queue (stream), 2 events (stream), 3 dead (stream), 4 delayed (sorted set by due millisecond),
--       5 live (hash: order -> entry id of its message on queue, or 'delayed'), 6 finished (hash: consumer -> its last call)
-- ARGV  1 group, 2 consumer, 3 name of this call, 4 number of frames
--       then for each frame: number of fields, then for each field its name, and '=value' where all events have the same one,
--         'order' where it is the message's order, 'own' where each has its own
--       then for each message: entry id, order or '', number of effects, then for each effect:
--         an event:    number of its frame, its own values in the frame's order
--         anything else: kind, number of texts, texts:
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

local i, size = 5, #ARGV
local frames = {}
for number = 1, tonumber(ARGV[4]) do
  local event, own, about = {'XADD', KEYS[2], '*'}, {}, {}
  local after = i + 1 + 2 * tonumber(ARGV[i])
  for field = i + 1, after - 1, 2 do
    local value = ARGV[field + 1]
    event[#event + 1] = ARGV[field]
    event[#event + 1] = value:sub(2)
    if value == 'own' then own[#own + 1] = #event end
    if value == 'order' then about[#about + 1] = #event end
  end
  frames[number] = {event = event, own = own, about = about}
  i = after
end

-- Adds the event whose own values begin there.
local function announce(frame, at, order)
  local event, own, about = frame.event, frame.own, frame.about
  for number = 1, #own do event[own[number]] = ARGV[at + number - 1] end
  for number = 1, #about do event[about[number]] = order end
  redis.call(unpack(event))
end

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
        announce(frame, i + 1, order)
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
