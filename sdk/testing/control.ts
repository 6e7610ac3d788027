import { request } from "node:http";
import { TestbedError } from "./errors.ts";

/** Longest time that the bed takes to answer beyond the time it was asked to wait, in milliseconds. */
const patience = 15_000;

/** What to ask of a bed's control API. */
export interface Ask {
  /** Is sent as JSON. */
  body?: object;
  /** How long the bed may wait before it answers, in milliseconds. */
  wait?: number;
}

/** A bed's control API. Not fetch: tests replace that for reasons of their own. */
export class Control {
  readonly #url: URL;
  readonly #token: string;
  /** What is known of the bed's end, for the message when it does not answer. */
  readonly #obituary: () => Promise<string>;

  constructor(url: string, token: string, obituary: () => Promise<string> = async () => "") {
    this.#url = new URL(url);
    this.#token = token;
    this.#obituary = obituary;
  }

  /** Asks, and resolves to the members of the answer; to undefined when it has no body. */
  async json<T>(method: string, path: string, ask: Ask = {}): Promise<T> {
    const bytes = await this.bytes(method, path, ask);
    return (bytes.length === 0 ? undefined : JSON.parse(bytes.toString())) as T;
  }

  /** Asks, and resolves to the body of the answer. */
  async bytes(method: string, path: string, ask: Ask = {}): Promise<Buffer> {
    let answer: Answer;
    try {
      answer = await this.#send(method, path, ask);
    } catch (cause) {
      const why = (await this.#obituary()) || String((cause as Error).message);
      throw new TestbedError("testbed_gone", `the test bed at ${this.#url.origin} does not answer: ${why}`, { cause });
    }
    if (answer.status >= 400) {
      throw refusal(answer);
    }
    return answer.body;
  }

  #send(method: string, path: string, { body, wait = 0 }: Ask): Promise<Answer> {
    const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const asking = request(new URL(path, this.#url), {
        method,
        agent: false,
        timeout: wait + patience,
        headers: {
          Authorization: `Bearer ${this.#token}`,
          ...(sent && { "Content-Type": "application/json", "Content-Length": sent.length }),
        },
      });
      asking.once("error", reject);
      asking.once("timeout", () => asking.destroy(new Error(`no answer within ${wait + patience} ms`)));
      asking.once("response", (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.once("error", reject);
        response.once("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts) }));
      });
      asking.end(sent);
    });
  }
}

interface Answer {
  status: number;
  body: Buffer;
}

/** A problem document (RFC 9457) as an error. */
function refusal({ status, body }: Answer): TestbedError {
  let problem: { code?: unknown; detail?: unknown; title?: unknown } = {};
  try {
    problem = (JSON.parse(body.toString()) ?? {}) as typeof problem;
  } catch {
    // Not JSON: the status says the rest.
  }
  const said = problem.detail ?? problem.title;
  return new TestbedError(
    typeof problem.code === "string" ? problem.code : `http_${status}`,
    typeof said === "string" ? said : `the test bed answered with status ${status}`,
  );
}
