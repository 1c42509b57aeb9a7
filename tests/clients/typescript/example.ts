// Places an order and follows it to its end, with types that are generated from openapi/order-api.json:
//
//     npx openapi-typescript openapi/order-api.json -o order-api.d.ts
//
// The address of order-api comes as the argument.
import createClient from "openapi-fetch";
import type { components, paths } from "./order-api.js";

type OrderEvent = components["schemas"]["OrderEvent"];

const baseUrl = process.argv[2] ?? "http://127.0.0.1:8000";
const api = createClient<paths>({ baseUrl });

// A repeat of this request would place nothing.
const placed = await api.POST("/orders", {
  params: { header: { "Idempotency-Key": `example-${process.pid}-${Date.now()}` } },
  body: { user_id: "user-1", item_ids: ["sku-1", 2], total_amount: 99.99 },
});
if (placed.error) {
  // The types know that an error is a problem with a code.
  throw new Error(`${placed.error.code}: ${placed.error.detail ?? ""}`);
}
const path = { order_id: placed.data.order_id };

// The timeline as it happens. `parseAs: "stream"` hands out the body as it comes.
const stream = await api.GET("/orders/{order_id}/events", {
  params: { path },
  headers: { Accept: "text/event-stream" },
  parseAs: "stream",
});
if (!stream.data) throw new Error(`no stream: ${stream.response.status}`);
for await (const event of eventsOf(stream.data)) {
  console.log(`${event.version} ${event.type} ${event.time}`);
}

const finished = await api.GET("/orders/{order_id}", { params: { path, query: { wait: 10 } } });
console.log(`${finished.data?.order_id} is ${finished.data?.status}`);

// What the server refuses is no exception but a value, with its type.
const refused = await api.GET("/orders/{order_id}", { params: { path: { order_id: "nonsense" } } });
console.log(`nonsense: ${refused.response.status} ${refused.error?.code}`);

async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<OrderEvent> {
  let text = "";
  const decoder = new TextDecoder();
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const data = block.split("\n").filter((line) => line.startsWith("data: "));
      if (data.length > 0) yield JSON.parse(data.map((line) => line.slice(6)).join("\n")) as OrderEvent;
    }
  }
}
