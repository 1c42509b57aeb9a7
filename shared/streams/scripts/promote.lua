-- Moves commands that are due from the delayed set to the queue. Any worker may run it at any time.
--
-- KEYS  1 delayed (sorted set by due millisecond; member: JSON list of name, value, ...), 2 queue (stream), 3 dead (stream),
--       4 live (hash: order -> entry id of its message on queue, or 'delayed')
-- ARGV  1 most to move
-- Result {moved, milliseconds until the next is due; 0: due now, -1: there is none}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[1])
for _, member in ipairs(due) do
  local readable, fields = pcall(cjson.decode, member)
  if readable and type(fields) == 'table' and #fields > 0 and #fields % 2 == 0 then
    local id = redis.call('XADD', KEYS[2], '*', unpack(fields))
    for i = 1, #fields, 2 do
      if fields[i] == 'subject' then redis.call('HSET', KEYS[4], fields[i + 1], id) end
    end
  else
    -- Nothing of ours writes such a member; it must not hold up those behind it.
    redis.call('XADD', KEYS[3], '*', 'dead_reason', 'the delayed command is not a list of fields', 'data', member)
  end
  redis.call('ZREM', KEYS[1], member)
end
local next = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if #next == 0 then return {#due, -1} end
return {#due, math.max(0, tonumber(next[2]) - now)}
