// BullMQ as Orderflow's benchmark runs it; docs/PERFORMANCE.md says what it is compared with.
//   node peer.js fill <redis url> <jobs>                 adds the jobs, and says how many a second
//   node peer.js work <redis url> <concurrency> <name>   works on them until it is told to end

import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';

const QUEUE = 'orders';
const BATCH = 1000;

// As large as an order of the other measurements.
const order = (number) => ({
  user_id: `user-${String((number * 7919) % 1000).padStart(3, '0')}`,
  item_ids: [`sku-${String(number).padStart(10, '0')}`, 'sku-1'],
  total_amount: 99.99,
});

const connect = (url) => new Redis(url, { maxRetriesPerRequest: null });

async function fill(url, jobs) {
  const connection = connect(url);
  const queue = new Queue(QUEUE, { connection });
  await queue.waitUntilReady();
  const begun = performance.now();
  for (let first = 0; first < jobs; first += BATCH) {
    const count = Math.min(BATCH, jobs - first);
    await queue.addBulk(Array.from({ length: count }, (_, index) => ({ name: 'order', data: order(first + index) })));
  }
  console.log(JSON.stringify({ per_second: (jobs * 1000) / (performance.now() - begun) }));
  await queue.close();
  connection.disconnect();
}

async function work(url, concurrency, name) {
  const connection = connect(url);
  const options = { connection, concurrency, name, removeOnComplete: { count: 0 } };
  const worker = new Worker(QUEUE, async () => {}, options);
  worker.on('error', (error) => console.error(error));
  process.on('SIGTERM', async () => {
    await worker.close();
    connection.disconnect();
    process.exit(0);
  });
}

const [what, url, number, name] = process.argv.slice(2);
if (what === 'fill') await fill(url, Number(number));
else if (what === 'work') await work(url, Number(number), name);
else throw new Error('expected: fill <redis url> <jobs>, or work <redis url> <concurrency> <name>');
