-- Which of these orders have no live message. Writes nothing.
--
-- KEYS  1 live (hash: order -> entry id of its message on queue, or 'delayed'), 2 events (stream)
-- ARGV  orders
-- Result {the last id that events gave out, the orders without a message}
--
-- Both at one moment: an order that is absent here and was finished has its end among the events up to that id.
local last_id = '0-0'
local info = redis.pcall('XINFO', 'STREAM', KEYS[2])
if not info.err then
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then last_id = info[i + 1] end
  end
end
local absent = {}
if #ARGV > 0 then
  local live = redis.call('HMGET', KEYS[1], unpack(ARGV))
  for i, order in ipairs(ARGV) do
    if not live[i] then absent[#absent + 1] = order end
  end
end
return {last_id, absent}
