// Asking the service.

/** Why there is no answer, as the service said it. */
export class Refused extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The JSON that is answered; throws Refused. */
export async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(`dashboard/${path}`, options);
  } catch {
    throw new Refused(0, "unreachable", "metrics-service can't be reached.");
  }
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  const detail = body.detail ?? `metrics-service answered ${response.status}.`;
  throw new Refused(response.status, body.code, detail);
}
