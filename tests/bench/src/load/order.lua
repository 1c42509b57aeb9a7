-- wrk's script: POST /orders, a body of its own for each request, and the outcome as one line of JSON.
--
-- Arguments: a text that no other run against the same server has; "keyed" for an Idempotency-Key with each request.

local threads = 0
function setup(thread)
  thread:set("thread_number", threads)
  threads = threads + 1
end

function init(args)
  local run, keyed = args[1], args[2] == "keyed"
  local users = {}
  for i = 0, 999 do users[i] = string.format('{"user_id":"user-%03d","item_ids":["sku-', i * 7919 % 1000) end
  local tail = '","sku-1"],"total_amount":99.99}'
  local length = #users[0] + 10 + #tail
  local head = "POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
    .. length .. "\r\n"
  local key = "Idempotency-Key: " .. run .. "-" .. thread_number .. "-"
  local number = 0
  function request()
    number = number + 1
    local digits = string.format("%010d", number)
    if keyed then
      return head .. key .. digits .. "\r\n\r\n" .. users[number % 1000] .. digits .. tail
    end
    return head .. "\r\n" .. users[number % 1000] .. digits .. tail
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"duration_us":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d,"refused":%d,"p50_us":%d,"p99_us":%d}\n',
    summary.requests, summary.duration, errors.connect, errors.read, errors.write, errors.timeout, errors.status,
    latency:percentile(50), latency:percentile(99)))
end
