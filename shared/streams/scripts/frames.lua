-- Frames: what the entries of one call have in common, sent once. Stands before the scripts that use it.
--
-- As texts: number of frames, then for each frame: number of fields, then for each field its name, and '=value' where all
-- entries have the same one, 'order' where it is the message's order, 'own' where each has its own.
-- An entry is then the number of its frame, and its own values in the frame's order.

-- The frames that begin there, and what comes after them.
local function read_frames(texts, i)
  local frames, count = {}, tonumber(texts[i])
  i = i + 1
  for number = 1, count do
    local entry, own, about = {'', '*'}, {}, {}
    local after = i + 1 + 2 * tonumber(texts[i])
    for field = i + 1, after - 1, 2 do
      local value = texts[field + 1]
      entry[#entry + 1] = texts[field]
      entry[#entry + 1] = value:sub(2)
      if value == 'own' then own[#own + 1] = #entry end
      if value == 'order' then about[#about + 1] = #entry end
    end
    frames[number] = {entry = entry, own = own, about = about}
    i = after
  end
  return frames, i
end

-- Adds an entry, whose own values begin there, to the stream. Its id.
local function add(stream, frame, texts, at, order)
  local entry, own, about = frame.entry, frame.own, frame.about
  entry[1] = stream
  for number = 1, #own do entry[own[number]] = texts[at + number - 1] end
  for number = 1, #about do entry[about[number]] = order end
  return redis.call('XADD', unpack(entry))
end

