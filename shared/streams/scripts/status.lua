-- How the queue of one partition stands, all at one moment. Writes nothing.
--
-- KEYS  1 queue (stream), 2 delayed (sorted set), 3 dead (stream)
-- ARGV  1 group, 2 most waiting orders to name, 3 most entries to count one by one
-- Result {now in milliseconds, not delivered, 1 if that is exact, pending, delayed, dead,
--         {entry id, subject, ... of the next not delivered}, id of the first not delivered or '',
--         {consumer, pending, idle milliseconds, ...}}
local group, limit, count_limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function record(list)
  local fields = {}
  for i = 1, #list, 2 do fields[list[i]] = list[i + 1] end
  return fields
end

local found
if redis.call('EXISTS', KEYS[1]) == 1 then
  for _, info in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
    local fields = record(info)
    if fields['name'] == group then found = fields end
  end
end

local from = found and ('(' .. found['last-delivered-id']) or '-'
local waiting = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', math.max(1, limit))
local length, exact = 0, 1
if #waiting > 0 then
  length = redis.call('XLEN', KEYS[1])
  if found and found['lag'] then
    length = found['lag']
  elseif found then
    -- Redis lost count (lag is null): count by hand as far as that is cheap. The whole stream is the upper bound.
    local counted = #redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', count_limit)
    if counted < count_limit then length = counted else exact = 0 end
  end
end

local orders = {}
for i = 1, math.min(limit, #waiting) do
  orders[#orders + 1] = waiting[i][1]
  orders[#orders + 1] = record(waiting[i][2])['subject'] or ''
end
local workers = {}
if found then
  for _, info in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], group)) do
    local fields = record(info)
    workers[#workers + 1] = fields['name']
    workers[#workers + 1] = fields['pending']
    workers[#workers + 1] = fields['idle']
  end
end
return {
  now, length, exact, found and found['pending'] or 0,
  redis.call('ZCARD', KEYS[2]), redis.call('XLEN', KEYS[3]),
  orders, waiting[1] and waiting[1][1] or '', workers,
}
