// A mail server of the smtp-server package: STARTTLS, a log-in, every message reported as a line of JSON.
// Called with: certificate and key file, user name, password. What postal-mime reads in the message is told too.

import { readFileSync } from "node:fs";
import { SMTPServer } from "smtp-server";
import PostalMime from "postal-mime";

const [certificate, key, username, password] = process.argv.slice(2);

const tell = (value) => process.stdout.write(JSON.stringify(value) + "\n");

const server = new SMTPServer({
  cert: readFileSync(certificate),
  key: readFileSync(key),
  authMethods: ["PLAIN", "LOGIN", "CRAM-MD5"],
  size: 400_000,
  onAuth(auth, session, done) {
    const right =
      auth.username === username &&
      (auth.method === "CRAM-MD5" ? auth.validatePassword(password) : auth.password === password);
    done(right ? null : new Error("those credentials are not known here"), right ? { user: username } : undefined);
  },
  onData(stream, session, done) {
    const chunks = [];
    stream.on("data", (chunk) => chunks.push(chunk));
    stream.on("end", async () => {
      const raw = Buffer.concat(chunks);
      const { subject, from, to, text, html, headers, attachments } = await PostalMime.parse(raw);
      tell({
        raw: raw.toString("base64"),
        secure: session.secure,
        user: session.user ?? null,
        from: session.envelope.mailFrom,
        to: session.envelope.rcptTo,
        read: {
          subject,
          from,
          to,
          text,
          html,
          headers,
          attachments: attachments.map(({ filename, mimeType, content }) => ({
            filename,
            mimeType,
            content: Buffer.from(content).toString("base64"),
          })),
        },
      });
      done(null, "kept");
    });
  },
});

server.on("error", (error) => tell({ trouble: String(error) }));
server.listen(0, "127.0.0.1", () => tell({ port: server.server.address().port }));
