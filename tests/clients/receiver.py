"""A receiver of webhooks: says of each message that is what it seems to be which event it is about, and of which order."""

import http.server
import os
import sys

import standardwebhooks

webhook = standardwebhooks.Webhook(os.environ["WEBHOOK_SECRET"])


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            message = webhook.verify(body, dict(self.headers))
        except standardwebhooks.WebhookVerificationError:
            self.send_error(401)
            return
        # One write for a line: messages come at the same time, and what is printed in parts would mix.
        os.write(sys.stdout.fileno(), f"{message['type']} {message['data']['order_id']}\n".encode())
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
print("ready", flush=True)
server.serve_forever()
