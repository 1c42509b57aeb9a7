-- Gives a dead letter another chance: back to the queue as it came, and gone from the dead ones.
--
-- KEYS  1 dead (stream), 2 queue (stream), 3 live (hash: order -> entry id of its message on queue, or 'delayed')
-- ARGV  1 entry id in dead
-- Result 'redriven'; 'gone': there is none with this id; 'live': its order has another message by now; 'empty': it has no fields
-- What only an order has: of another subject no worker would ever say that it is done.
local hex = '[0-9a-f]'
local ORDER = '^ORD%-' .. hex:rep(8) .. '%-' .. hex:rep(4) .. '%-7' .. hex:rep(3) .. '%-' .. hex:rep(4) .. '%-' .. hex:rep(12) .. '$'

local found = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if not found then return 'gone' end
local fields, order = {}, nil
for i = 1, #found[2], 2 do
  local name, value = found[2][i], found[2][i + 1]
  if name ~= 'dead_reason' and name ~= 'dead_entry' then
    fields[#fields + 1] = name
    fields[#fields + 1] = value
    if name == 'subject' then order = value:match(ORDER) end
  end
end
if #fields == 0 then return 'empty' end
if order and redis.call('HEXISTS', KEYS[3], order) == 1 then return 'live' end
local id = redis.call('XADD', KEYS[2], '*', unpack(fields))
if order then redis.call('HSET', KEYS[3], order, id) end
redis.call('XDEL', KEYS[1], ARGV[1])
return 'redriven'
