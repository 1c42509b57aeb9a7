-- How far a group is with the events of one partition, and which data set this is. Writes nothing.
--
-- KEYS  1 events (stream), 2 epoch (string)
-- ARGV  1 group
-- Result {epoch or '', the last id that events gave out, the last one that was delivered to the group,
--         the oldest one that it has not acknowledged or '', 1 if it may have acknowledged any}
local epoch = redis.call('GET', KEYS[2]) or ''
local last_id, delivered, pending, acknowledged = '0-0', '0-0', '', 0
if redis.call('EXISTS', KEYS[1]) == 1 then
  local info = redis.call('XINFO', 'STREAM', KEYS[1])
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then last_id = info[i + 1] end
  end
  for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
    local fields = {}
    for i = 1, #group, 2 do fields[group[i]] = group[i + 1] end
    if fields['name'] == ARGV[1] then
      delivered = fields['last-delivered-id']
      pending = redis.call('XPENDING', KEYS[1], ARGV[1])[2] or ''
      -- How many it was given Redis does not always know.
      local read = fields['entries-read']
      if delivered ~= '0-0' and (not read or read > fields['pending']) then acknowledged = 1 end
    end
  end
end
return {epoch, last_id, delivered, pending, acknowledged}
