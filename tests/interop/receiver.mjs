// A webhook receiver as a consumer would write one, with npm's standardwebhooks, cloudevents and ajv.
// Its packages are those of the working directory. Paths and what they want come as JSON in the arguments;
// the port goes to stdout. An answer of 200 says what was understood, 401 and 422 why it was not taken.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(process.cwd() + "/");
const { Webhook } = require("standardwebhooks");
const { HTTP } = require("cloudevents");
const { default: Ajv } = require("ajv/dist/2020");
const addFormats = require("ajv-formats");

const { paths, schemas } = JSON.parse(process.argv[2]);
const validators = Object.fromEntries(
  Object.entries(schemas).map(([type, file]) => {
    const ajv = addFormats(new Ajv({ strict: true, allowUnionTypes: true, strictRequired: false }));
    ajv.addSchema(JSON.parse(readFileSync(file, "utf8")));
    return [type, ajv];
  }),
);

function understood({ secret, cloudevents }, headers, body) {
  const payload = new Webhook(secret).verify(body, headers);
  if (!cloudevents) {
    check(payload.type, `urn:trialwire:schema:${payload.type}:1`, payload);
    return { id: headers["webhook-id"], type: payload.type };
  }
  const event = HTTP.toEvent({ headers, body: body.toString("utf8") });
  event.validate();
  check(event.type.replace("io.trialwire.", ""), event.dataschema, event.data);
  const { id, type, source, subject = null, time } = event;
  return { id, type, source, subject, time };
}

function check(type, uri, instance) {
  const validate = validators[type].getSchema(uri);
  if (!validate(instance)) throw new TypeError(JSON.stringify(validate.errors.slice(0, 3)));
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    try {
      const answer = understood(paths[request.url], request.headers, Buffer.concat(chunks));
      response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(answer));
    } catch (error) {
      const status = error.name === "WebhookVerificationError" ? 401 : 422;
      response.writeHead(status, { "Content-Type": "text/plain" }).end(`${error.name}: ${error.message}`);
    }
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
