// The stream of numbers, and whether it flows.

const PATH = "dashboard/stream";
/** There is an event a second. */
const SILENCE_MS = 5_000;
/** A stream that was refused is asked for again. */
const AGAIN_MS = 5_000;

/** Calls `heard` with each snapshot, and `lost` every second while there are none, with when the last one came. */
export function follow(heard, lost) {
  let source;
  let last = Date.now();
  let asked = 0;
  let broken = false;

  const open = () => {
    source?.close();
    asked = Date.now();
    source = new EventSource(PATH);
    source.onmessage = (event) => {
      last = Date.now();
      broken = false;
      heard(JSON.parse(event.data));
    };
    source.onerror = () => {
      broken = true;
      lost(last);
    };
  };

  open();
  // A page that nobody sees holds no stream: a browser has few for each address, and the service a bounded number.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      source.close();
    } else {
      last = Date.now();
      open();
    }
  });
  setInterval(() => {
    if (document.hidden) return;
    const now = Date.now();
    if (broken || now - last > SILENCE_MS) lost(last);
    const isOver = source.readyState === EventSource.CLOSED || now - last > 3 * SILENCE_MS;
    if (isOver && now - asked > AGAIN_MS) open();
  }, 1_000);
}
